"""With what a worker goes to the host of a code repository: whose login, and which key the host has to show."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction

from connections.git.address import host_of, is_ssh
from connections.git.errors import GitError
from connections.git.host_keys import HostKey, ask_host_key, first_host_key
from connections.git.values import GitCredential, Login, SshKey
from connections.models import Connection
from mantik.audit.services import record
from mantik.lib.sealing import SealBroken
from projects.models import CodeRepository
from projects.permissions import Action, may


@dataclass(frozen=True)
class Access:
    """No `login`: as everybody. No `host_key`: the host speaks https, or is this machine's disk."""

    login: Login | None = field(repr=False)
    host_key: HostKey | None


def access_to(repository: CodeRepository) -> Access:
    """For workers. Asks an ssh host that nobody has asked yet for its key, and keeps that. Raises GitError."""
    if reason := objection(repository):
        # Somebody else can choose a login of theirs.
        raise GitError(reason, code="access.lost", permanent=False)
    return Access(_login(repository), _host_key(repository) if is_ssh(repository.url) else None)


def objection(repository: CodeRepository) -> str:
    """Why the login that was once chosen may not be used now, "" if it may.

    It is a person's own. When they leave the project, or may not add code to it any more, it goes with them.
    """
    connection = repository.connection
    if connection is None or may(connection.owner, Action.ADD_CODE_REPOSITORY, repository.project):
        return ""
    return (
        f"{repository.name} was read with a connection of {connection.owner.display_name}, who may no longer add code "
        "to this project. Somebody who may has to edit it, and choose a connection of their own."
    )


def _login(repository: CodeRepository) -> Login | None:
    connection = repository.connection
    if connection is None:
        return None
    try:
        secret = connection.reveal_secret()
    except SealBroken as error:
        raise GitError(
            f"{error} Replace the secret of the connection {connection}.", code="secret.broken", permanent=True
        ) from None
    if connection.kind == Connection.Kind.SSH_KEY:
        return SshKey(secret)
    return GitCredential(platform=repository.platform, user_name=connection.login_name, token=secret)


def _host_key(repository: CodeRepository) -> HostKey | None:
    if not repository.host_key:
        _keep_host_key(repository, first_host_key(repository.url))
    return HostKey.parse(repository.host_key)


def _keep_host_key(repository: CodeRepository, key: HostKey) -> None:
    """The first who has asked decides, for all workers. The address may have been changed meanwhile."""
    unknown = CodeRepository.objects.filter(pk=repository.pk, url=repository.url, host_key="")
    with transaction.atomic():
        if unknown.update(host_key=str(key)):
            told = {"host": host_of(repository.url), "fingerprint": key.fingerprint}
            record(
                "code_repository.host_key_kept", actor=None, target=repository, project=repository.project, after=told
            )
    repository.refresh_from_db(fields=["host_key", "url"])


def note_other_host_key(repository: CodeRepository) -> GitError:
    """The host has shown another key than the one that is kept: keep it as well, for somebody to decide about."""
    known = HostKey.parse(repository.host_key)
    try:
        shown = ask_host_key(repository.url)
    except GitError as error:
        return error
    host = host_of(repository.url)
    if known is None or shown == known:
        return GitError(
            f"{host} has shown a key that is not its own, and a moment later the right one. It is tried again.",
            code="host.key",
            permanent=False,
        )
    same = CodeRepository.objects.filter(pk=repository.pk, host_key=repository.host_key)
    same.update(offered_host_key=str(shown))
    return GitError(
        f"{host} shows another key than before: {shown.fingerprint}, and not {known.fingerprint}. Nothing was sent to "
        "it, for it may be another machine. Ask those who run it; if the key is theirs, accept it here.",
        code="host.key",
        permanent=True,
    )
