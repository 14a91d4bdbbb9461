"""Linking git repositories to a project, and what becomes of the links."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from connections.git.address import endpoint_of, is_ssh
from connections.models import Connection
from connections.services.connections import add_connection
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.names import free_name
from mantik.lib.queue import send_on_commit
from projects.code import mirrors
from projects.models import CodeRepository, Project
from projects.permissions import Action, may
from projects.services.deletion import what_holds_code_repository
from projects.services.projects import NameTaken

# What is known of a repository before it was fetched.
_UNREAD: dict[str, Any] = {
    "fetched_at": None,
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


class NotYours(Exception):
    """The login belongs to somebody else, who did not choose it for this."""


class InUse(Exception):
    """It cannot be deleted; the text says why, for the member."""


class HostKeyChanged(Exception):
    """The host has shown yet another key since the page was made."""


def may_edit(user: User, repository: CodeRepository) -> bool:
    """Whether `user` may edit and delete it, and accept a new key of its host."""
    if may(user, Action.EDIT_ANY_CODE_REPOSITORY, repository.project):
        return True
    return repository.created_by_id == user.pk and may(user, Action.EDIT_OWN_CODE_REPOSITORY, repository.project)


def add_code_repository(
    *,
    project: Project,
    user: User,
    name: str,
    url: str,
    platform: CodeRepository.Platform,
    connection: Connection | None,
    makes_key: bool = False,
    now: datetime,
) -> CodeRepository:
    """`makes_key`: with a new SSH key, a connection of `user`. Raises NameTaken. The first fetch starts by itself."""
    try:
        with transaction.atomic():
            chosen = _new_key(user, name, now) if makes_key else _own(connection, user)
            repository = CodeRepository.objects.create(
                project=project, created_by=user, name=name, url=url, platform=platform, connection=chosen
            )
            told = _told(repository)
            record("code_repository.added", actor=user, target=repository, project=project, after=told)
            mirrors.request_fetch(repository, now=now)
    except IntegrityError:
        raise NameTaken from None
    return repository


def edit_code_repository(
    *,
    repository: CodeRepository,
    actor: User,
    name: str,
    url: str,
    platform: CodeRepository.Platform,
    connection: Connection | None,
    makes_key: bool = False,
    now: datetime,
) -> None:
    """Raises NameTaken, and NotYours for somebody else's connection, unless that and the address stay as they are."""
    try:
        with transaction.atomic():
            stored = _locked(repository)
            before = _told(stored)
            is_kept = connection == stored.connection and url == stored.url and not makes_key
            login = stored.connection if is_kept else _own(connection, actor)
            login = _new_key(actor, name, now) if makes_key else login
            changed = _changes(stored, name=name, url=url, platform=platform, connection=login)
            if not changed:
                return
            CodeRepository.objects.filter(pk=stored.pk).update(**changed)
            repository.refresh_from_db()
            _record_change(repository, actor, before)
            mirrors.request_fetch(repository, now=now, even_if_fresh=True)
    except IntegrityError:
        raise NameTaken from None


def _changes(stored: CodeRepository, **asked: Any) -> dict[str, Any]:
    changed = {column: value for column, value in asked.items() if getattr(stored, column) != value}
    if "url" in changed:
        changed |= _UNREAD | {"fetch_requested_at": None}
        if endpoint_of(changed["url"]) != endpoint_of(stored.url) or not is_ssh(changed["url"]):
            changed |= {"host_key": "", "offered_host_key": ""}
    return changed


def delete_code_repository(*, repository: CodeRepository, actor: User) -> None:
    """Raises InUse while runs that use it are active. Mantik's copy goes too; runs keep what they know of it."""
    with transaction.atomic():
        # Who starts a run with it meanwhile waits at this lock, and then finds it gone.
        stored = _locked(repository)
        if held := what_holds_code_repository(stored):
            raise InUse(f"{stored.name} is used by {held}. Cancel runs, or wait until they are over; delete schedules.")
        told = _told(stored)
        record("code_repository.deleted", actor=actor, target=stored, project=repository.project, before=told)
        stored.delete()
        send_on_commit("projects.tasks.clear_up_mirrors")


def accept_host_key(*, repository: CodeRepository, actor: User, fingerprint: str, now: datetime) -> None:
    """From now on its host has to show the key with that `fingerprint`. Raises HostKeyChanged if it is another."""
    with transaction.atomic():
        stored = _locked(repository)
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
        mirrors.request_fetch(repository, now=now, even_if_fresh=True)


def _locked(repository: CodeRepository) -> CodeRepository:
    return CodeRepository.objects.select_for_update().get(pk=repository.pk)


def _own(connection: Connection | None, user: User) -> Connection | None:
    if connection is not None and connection.owner_id != user.pk:
        raise NotYours
    return connection


def _new_key(user: User, name: str, now: datetime) -> Connection:
    taken = Connection.objects.owned_by(user).values_list("name", flat=True)
    free = free_name(name, "key", taken=taken, most=60)
    return add_connection(owner=user, kind=Connection.Kind.SSH_KEY, name=free, now=now)


def _told(repository: CodeRepository) -> dict[str, Any]:
    connection = repository.connection
    return {
        "name": repository.name,
        "address": repository.url,
        "platform": repository.get_platform_display(),
        "login": f"{connection.name} of {connection.owner.username}" if connection else "none",
    }


def _record_change(repository: CodeRepository, actor: User, before: Mapping[str, Any]) -> None:
    after = _told(repository)
    changed = [name for name in after if after[name] != before[name]]
    record(
        "code_repository.edited",
        actor=actor,
        target=repository,
        project=repository.project,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
