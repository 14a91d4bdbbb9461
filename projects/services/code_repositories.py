"""Linking git repositories to a project, editing and deleting the links."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from connections.git.address import endpoint_of, is_ssh
from connections.models import Connection
from connections.services.connections import NameTaken as LoginNameTaken
from connections.services.connections import add_connection
from mantik.accounts.models import User
from mantik.audit.services import changes, record
from mantik.lib.name_keys import holder_of, keyed
from mantik.lib.names import free_name
from mantik.lib.queue import send_on_commit
from projects.code import mirrors
from projects.models import CodeRepository, Project
from projects.permissions import Action, may
from projects.services.deletion import what_holds_code_repository
from projects.services.projects import NameTaken

# The columns of a repository that has not been fetched yet.
_UNREAD: dict[str, Any] = {
    "fetched_at": None,
    "branches_stored_at": None,
    "branches_url": "",
    "fetch_failed_at": None,
    "fetch_error": "",
    "branch_count": None,
    "default_branch": "",
    "head_sha": "",
    "head_subject": "",
    "head_author": "",
    "head_committed_at": None,
    "mirror_bytes": None,
}
# How much of a repository's name the name of its key has. The rest of the 80 characters (Connection.name) is for what
# is added.
_MOST_OF_NAME = 60
# How often a free name for a key is looked for: if somebody sends several forms at once, they may choose the same name.
_NAME_TRIES = 5


class NotYours(Exception):
    """The connection belongs to somebody else. It can be kept for the address that it is used for, but not chosen."""


class DeletedMeanwhile(Exception):
    """The connection or the project was deleted while this was being stored."""


class Gone(Exception):
    """The code repository was deleted meanwhile; the text tells the member."""


class InUse(Exception):
    """The code repository cannot be deleted; the text tells the member why."""


class HostKeyChanged(Exception):
    """The host has presented yet another key since the page was made."""


@dataclass(frozen=True)
class CodeLink:
    """What a member enters. `makes_key`: use a new SSH key of theirs instead of `connection`."""

    name: str
    url: str
    platform: CodeRepository.Platform
    connection: Connection | None
    makes_key: bool = False
    needs_all_files: bool = False


def may_edit(user: User, repository: CodeRepository) -> bool:
    """Whether `user` may edit and delete `repository`, and accept a new host key for it."""
    if may(user, Action.EDIT_ANY_CODE_REPOSITORY, repository.project):
        return True
    return repository.created_by_id == user.pk and may(user, Action.EDIT_OWN_CODE_REPOSITORY, repository.project)


def add_code_repository(*, project: Project, user: User, link: CodeLink, now: datetime) -> CodeRepository:
    """Link a repository and ask for its first fetch. Raises NameTaken, NotYours and DeletedMeanwhile."""
    try:
        with transaction.atomic():
            login = _add_key_connection(user, link.name, now) if link.makes_key else _require_own(link, user)
            repository = CodeRepository.objects.create(
                project=project,
                created_by=user,
                name=link.name,
                url=link.url,
                platform=link.platform,
                connection=login,
                needs_all_files=link.needs_all_files,
            )
            values = _audit_values(repository)
            record("code_repository.added", actor=user, target=repository, project=project, after=values)
            mirrors.request_another_fetch(repository, now=now)
    except IntegrityError as error:
        raise _conflict(project.code_repositories.all(), link) from error
    return repository


def edit_code_repository(*, repository: CodeRepository, actor: User, link: CodeLink, now: datetime) -> None:
    """Change a code repository, and ask for a fetch if anything changed. Raises Gone, NameTaken and DeletedMeanwhile.

    Raises NotYours for somebody else's connection, unless it was used before and the address stays.
    """
    try:
        with transaction.atomic():
            stored = _require_locked(repository)
            before = _audit_values(stored)
            is_kept = link.connection == stored.connection and link.url == stored.url
            if link.makes_key:
                login: Connection | None = _add_key_connection(actor, link.name, now)
            elif is_kept:
                login = stored.connection
            else:
                login = _require_own(link, actor)
            changed = _changes(
                stored,
                name=link.name,
                url=link.url,
                platform=link.platform,
                connection=login,
                needs_all_files=link.needs_all_files,
            )
            if not changed:
                return
            CodeRepository.objects.filter(pk=stored.pk).update(**keyed(CodeRepository, changed))
            repository.refresh_from_db()
            _record_change(repository, actor, before)
            mirrors.request_another_fetch(repository, now=now)
    # A deleted connection is noticed when its name is looked up for the record, or else at the commit.
    except (IntegrityError, Connection.DoesNotExist) as error:
        others = CodeRepository.objects.filter(project=repository.project_id).exclude(pk=repository.pk)
        raise _conflict(others, link) from error


def _conflict(others: QuerySet[CodeRepository], link: CodeLink) -> Exception:
    """Why the database refused what a member has entered."""
    return NameTaken() if holder_of(others, link.name) else DeletedMeanwhile()


def _changes(stored: CodeRepository, **asked: Any) -> dict[str, Any]:
    changed = {column: value for column, value in asked.items() if getattr(stored, column) != value}
    if "url" in changed:
        changed |= _UNREAD
        if endpoint_of(changed["url"]) != endpoint_of(stored.url) or not is_ssh(changed["url"]):
            changed |= {"host_key": "", "offered_host_key": ""}
    return changed


def delete_code_repository(*, repository: CodeRepository, actor: User) -> None:
    """Delete the link and Mantik's copy; runs keep what they stored of it. One that is gone already is no error.

    Raises InUse while active runs use it, or schedules that have not ended.
    """
    with transaction.atomic():
        # Whoever starts a run with it waits for this lock, and then finds it deleted.
        stored = _locked(repository)
        if stored is None:
            return
        held, remedy = what_holds_code_repository(stored)
        if held:
            raise InUse(f"{stored.name} is used by {held}. {remedy}")
        values = _audit_values(stored)
        record("code_repository.deleted", actor=actor, target=stored, project=repository.project, before=values)
        stored.delete()
        send_on_commit("projects.tasks.clear_up_mirrors")


def accept_host_key(*, repository: CodeRepository, actor: User, fingerprint: str, now: datetime) -> None:
    """Accept the host key with that `fingerprint`. Raises Gone, and HostKeyChanged if it is not the latest one."""
    with transaction.atomic():
        stored = _require_locked(repository)
        if not fingerprint or stored.offered_fingerprint != fingerprint:
            raise HostKeyChanged
        before, after = {"fingerprint": stored.fingerprint}, {"fingerprint": fingerprint}
        CodeRepository.objects.filter(pk=stored.pk).update(
            host_key=stored.offered_host_key, offered_host_key="", fetch_error="", fetch_failed_at=None
        )
        record(
            "code_repository.host_key_accepted",
            actor=actor,
            target=stored,
            project=repository.project,
            before=before,
            after=after,
        )
        mirrors.request_another_fetch(repository, now=now)


def _locked(repository: CodeRepository) -> CodeRepository | None:
    return CodeRepository.objects.select_for_update().filter(pk=repository.pk).first()


def _require_locked(repository: CodeRepository) -> CodeRepository:
    """The row, locked. Raises Gone."""
    stored = _locked(repository)
    if stored is None:
        raise Gone(f"The code repository {repository.name} was just deleted.")
    return stored


def _require_own(link: CodeLink, user: User) -> Connection | None:
    """The login that was chosen, if any. Raises NotYours."""
    if link.connection is not None and link.connection.owner_id != user.pk:
        raise NotYours
    return link.connection


def _add_key_connection(user: User, name: str, now: datetime) -> Connection:
    """Store a new SSH key of `user`, named after the repository `name`. Raises NameTaken."""
    for _ in range(_NAME_TRIES):
        taken = Connection.objects.owned_by(user).values_list("name", flat=True)
        free = free_name(name, "key", taken=taken, most=_MOST_OF_NAME)
        # Another form of theirs may take the name before this one stores it.
        with suppress(LoginNameTaken):
            return add_connection(owner=user, kind=Connection.Kind.SSH_KEY, name=free, now=now)
    raise NameTaken


def _audit_values(repository: CodeRepository) -> dict[str, Any]:
    connection = repository.connection
    return {
        "name": repository.name,
        "address": repository.url,
        "platform": repository.get_platform_display(),
        "login": f"{connection.name} of {connection.owner.username}" if connection else "none",
        "needs all files": "yes" if repository.needs_all_files else "no",
    }


def _record_change(repository: CodeRepository, actor: User, before: Mapping[str, Any]) -> None:
    change = changes(before, _audit_values(repository))
    record("code_repository.edited", actor=actor, target=repository, project=repository.project, **change)
