"""How a worker reaches the host of a code repository: with whose login, and which key the host has to present."""

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
    """`login` is None for a public repository, `host_key` if the address is https or a path on this machine."""

    login: Login | None = field(repr=False)
    host_key: HostKey | None


def access_to(repository: CodeRepository) -> Access:
    """The login and host key to fetch with, for workers. Raises GitError.

    When an ssh host is used for the first time, it is asked for its key, which is kept.
    """
    if reason := objection(repository):
        # Not permanent: somebody else can choose a connection of theirs.
        raise GitError(reason, code="access.lost", permanent=False)
    return Access(_login(repository), _host_key(repository) if is_ssh(repository.url) else None)


def objection(repository: CodeRepository) -> str:
    """Why the chosen login may not be used now, "" if it may.

    A login belongs to a person. When they leave the project, or may no longer add code to it, it is not used any more.
    """
    connection = repository.connection
    if connection is None or may(connection.owner, Action.ADD_CODE_REPOSITORY, repository.project):
        return ""
    return (
        f"{repository.name} was read with a connection of {connection.owner.display_name}, who may no longer add code "
        "to this project. Another member has to edit the code repository and choose a connection of their own."
    )


def _login(repository: CodeRepository) -> Login | None:
    connection = repository.connection
    if connection is None:
        return None
    try:
        secret = connection.reveal_secret()
    except SealBroken as error:
        raise GitError(
            f"{error} {connection.traits.replaces} the connection {connection}.", code="secret.broken", permanent=True
        ) from None
    if connection.kind == Connection.Kind.SSH_KEY:
        return SshKey(secret)
    return GitCredential(platform=repository.platform, user_name=connection.login_name, token=secret)


def _host_key(repository: CodeRepository) -> HostKey | None:
    if not repository.host_key:
        _keep_host_key(repository, first_host_key(repository.url))
    return HostKey.parse(repository.host_key)


def _keep_host_key(repository: CodeRepository, key: HostKey) -> None:
    """Store the key for all workers, unless one is stored already, or the address was changed meanwhile."""
    unknown = CodeRepository.objects.filter(pk=repository.pk, url=repository.url, host_key="")
    with transaction.atomic():
        if unknown.update(host_key=str(key)):
            values = {"host": host_of(repository.url), "fingerprint": key.fingerprint}
            record(
                "code_repository.host_key_kept", actor=None, target=repository, project=repository.project, after=values
            )
    repository.refresh_from_db(fields=["host_key", "url"])


def note_other_host_key(repository: CodeRepository) -> GitError:
    """The error for a host that presented another key than the kept one. The key is stored for a member to decide."""
    known = HostKey.parse(repository.host_key)
    try:
        shown = ask_host_key(repository.url)
    except GitError as error:
        return error
    host = host_of(repository.url)
    if known is None or shown == known:
        return GitError(
            f"{host} presented an unknown host key, and a moment later the right one. Press Read again.",
            code="host.key",
            permanent=False,
        )
    same = CodeRepository.objects.filter(pk=repository.pk, host_key=repository.host_key)
    same.update(offered_host_key=str(shown))
    return GitError(
        f"{host} presents a different host key than before: {shown.fingerprint} instead of {known.fingerprint}. "
        "Nothing was sent, because this may be another machine. Ask the people who run the host; if the key is theirs, "
        "accept it on the page of the code repository.",
        code="host.key",
        permanent=True,
    )
