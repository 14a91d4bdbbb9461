"""A request to fetch: whatever is lost, late or twice, it is served by a fetch that began after it, and by one only."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from connections.git.errors import GitError
from connections.git.mirror import Mirror
from connections.models import Connection
from connections.services.connections import replace_secret
from mantik.accounts.models import User
from projects import tasks
from projects.code import mirrors
from projects.models import CodeRepository, Project
from projects.services.code_repositories import CodeLink, accept_host_key, edit_code_repository
from tests.connections.git.repository import Repository
from tests.support.at_once import at_once
from tests.support.factories import make_code_repository, make_connection
from tests.support.fetching import fetch_as_asked, hold, let_go
from tests.support.messages import Message

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@pytest.fixture
def source(tmp_path: Path, settings: Settings) -> Repository:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_DATA_DIR = tmp_path / "data"
    made = Repository(tmp_path / "source")
    made.commit("First")
    return made


@pytest.fixture
def linked(source: Repository, project: Project, researcher: User) -> CodeRepository:
    """Added, and not fetched yet."""
    return make_code_repository(project=project, name="training", url=str(source.path), created_by=researcher)


class Fetches:
    """Of which repositories there were fetches, and what happens during the next one."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.during: Callable[[], object] = lambda: None


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> Fetches:
    found = Fetches()
    real = Mirror.refresh

    def refresh(self: Mirror, **options: Any) -> bool:
        found.keys.append(self.key)
        during, found.during = found.during, lambda: None
        during()
        return real(self, **options)

    monkeypatch.setattr(Mirror, "refresh", refresh)
    return found


def message_for(repository: CodeRepository) -> Message:
    return (mirrors.FETCH, {"repository_id": repository.pk})


def is_open(repository: CodeRepository) -> bool:
    repository.refresh_from_db()
    return repository.awaits_fetch


def test_requests_that_no_fetch_has_begun_for_are_served_by_one(linked: CodeRepository, fetches: Fetches) -> None:
    for seconds in range(3):
        mirrors.request_another_fetch(linked, now=NOW + timedelta(seconds=seconds))
    linked.refresh_from_db()
    assert (linked.fetch_requested, linked.fetch_served, linked.fetch_requested_at) == (3, 0, NOW)
    for _ in range(3):
        tasks.fetch_code_repository(repository_id=linked.pk)
    assert fetches.keys == [str(linked.uuid)]
    linked.refresh_from_db()
    assert (linked.fetch_requested, linked.fetch_served, linked.fetch_requested_at) == (3, 3, None)


def test_a_page_asks_for_a_fetch_only_if_none_is_due_and_the_copy_is_old(
    linked: CodeRepository, sent: list[Message], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for seconds in (0, 5, 3600):
            mirrors.request_fetch(linked, now=NOW + timedelta(seconds=seconds))
    assert sent == [message_for(linked)]
    mirrors.fetch_in_turn(repository_id=linked.pk, now=NOW)
    linked.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        mirrors.request_fetch(linked, now=NOW + timedelta(seconds=29))
        assert not linked.awaits_fetch
        mirrors.request_fetch(linked, now=NOW + timedelta(seconds=31))
    assert sent == [message_for(linked)] * 2


@pytest.mark.parametrize("change", ["Read again", "login", "secret", "host key", "address"])
def test_what_is_asked_during_a_fetch_is_done_after_it(
    linked: CodeRepository,
    source: Repository,
    researcher: User,
    sent: list[Message],
    fetches: Fetches,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    change: str,
) -> None:
    old, new = (make_connection(owner=researcher, kind=Connection.Kind.GIT_TOKEN, name=name) for name in ("old", "new"))
    CodeRepository.objects.update(connection=old, offered_host_key=HOST_KEY)
    linked.refresh_from_db()

    def ask() -> None:
        if change == "Read again":
            mirrors.request_another_fetch(linked, now=NOW)
        elif change == "secret":
            replace_secret(connection=old, secret="another-t0ken", now=NOW)
        elif change == "host key":
            fingerprint = linked.offered_fingerprint
            accept_host_key(repository=linked, actor=researcher, fingerprint=fingerprint, now=NOW)
        else:
            url = f"{source.path}/.git" if change == "address" else linked.url
            link = CodeLink(linked.name, url, CodeRepository.Platform.OTHER, new if change == "login" else old)
            edit_code_repository(repository=linked, actor=researcher, link=link, now=NOW)

    fetches.during = ask
    with django_capture_on_commit_callbacks(execute=True):
        fetch_as_asked(linked)
    assert is_open(linked)
    # By who asked first, by who asked meanwhile, and by the worker that knows that it has not served that.
    assert sent == [message_for(linked)] * 3
    for _ in range(2):
        tasks.fetch_code_repository(repository_id=linked.pk)
    assert len(fetches.keys) == 2
    assert not is_open(linked)
    assert linked.fetch_error == ""


def test_a_lost_message_is_sent_again_by_the_next_sweep(
    linked: CodeRepository, sent: list[Message], source: Repository
) -> None:
    mirrors.request_another_fetch(linked, now=NOW)
    assert sent == []
    tasks.sweep_fetches()
    assert sent == [message_for(linked)]
    tasks.fetch_code_repository(repository_id=linked.pk)
    tasks.sweep_fetches()
    assert sent == [message_for(linked)]


def test_no_message_is_sent_for_what_a_worker_fetches(linked: CodeRepository, sent: list[Message]) -> None:
    mirrors.request_another_fetch(linked, now=NOW)
    hold(linked)
    tasks.sweep_fetches()
    assert sent == []


def test_the_request_that_a_dead_worker_had_is_served_when_its_lease_ends(
    linked: CodeRepository, sent: list[Message], fetches: Fetches
) -> None:
    hold(linked)
    fetch_as_asked(linked)
    assert (fetches.keys, is_open(linked)) == ([], True)
    let_go(linked)
    tasks.sweep_fetches()
    assert sent == [message_for(linked)]
    tasks.fetch_code_repository(repository_id=linked.pk)
    assert not is_open(linked)


def test_a_worker_that_was_thought_dead_stores_nothing(linked: CodeRepository, fetches: Fetches) -> None:
    def lose() -> None:
        let_go(linked)
        CodeRepository.objects.filter(pk=linked.pk).update(fetch_error="As another worker found it.")
        hold(linked)

    fetches.during = lose
    fetch_as_asked(linked)
    assert is_open(linked)
    assert (linked.fetched_at, linked.fetch_error) == (None, "As another worker found it.")


def test_the_git_that_a_dead_worker_has_left_on_this_machine_is_not_disturbed(
    linked: CodeRepository, settings: Settings, sent: list[Message]
) -> None:
    """It holds the lock of the copy; the request stays, and no message goes round and round."""
    place = settings.MANTIK_DATA_DIR / "git"
    place.mkdir(parents=True)
    with (place / f"{linked.uuid}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetch_as_asked(linked)
    assert is_open(linked)
    assert (linked.fetched_at, linked.fetch_error, linked.lease_until) == (None, "", None)
    assert sent == []
    tasks.fetch_code_repository(repository_id=linked.pk)
    assert not is_open(linked)


def test_a_run_that_needs_a_fetch_serves_the_requests_there_are(linked: CodeRepository, fetches: Fetches) -> None:
    mirrors.request_another_fetch(linked, now=NOW)
    mirrors.fetch_or_raise(linked, now=NOW)
    assert not is_open(linked)
    tasks.fetch_code_repository(repository_id=linked.pk)
    assert len(fetches.keys) == 1


def test_a_run_does_not_wait_long_for_another_fetch(
    linked: CodeRepository, fetches: Fetches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "PATIENCE", 0.2)
    hold(linked)
    with pytest.raises(GitError, match="Mantik is fetching other code from") as caught:
        mirrors.fetch_or_raise(linked, now=datetime.now(UTC))
    assert not caught.value.permanent
    assert fetches.keys == []


def test_what_was_fetched_while_a_run_waited_is_enough(linked: CodeRepository, source: Repository) -> None:
    """Twenty runs of one schedule do not make twenty fetches."""
    mirror = mirrors.mirror_of(linked)
    asked = datetime.now(UTC).timestamp()
    assert mirror.refresh()
    source.path.rename(source.path.with_name("moved"))
    assert not mirror.refresh(asked=asked)
    with pytest.raises(GitError):
        mirror.refresh()


def test_what_a_run_did_not_fetch_itself_serves_no_request(linked: CodeRepository, fetches: Fetches) -> None:
    """It may have begun before the request, with the login of before."""

    def fetch_elsewhere() -> None:
        mirrors.mirror_of(linked).refresh()
        mirrors.request_another_fetch(linked, now=NOW)

    fetches.during = fetch_elsewhere
    mirrors.fetch_or_raise(linked, now=NOW)
    assert is_open(linked)
    assert linked.lease_until is None
    tasks.fetch_code_repository(repository_id=linked.pk)
    assert not is_open(linked)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_fetches(linked: CodeRepository, fetches: Fetches) -> None:
    mirrors.request_another_fetch(linked, now=NOW)
    found = at_once([partial(tasks.fetch_code_repository, repository_id=linked.pk)] * 6)
    assert [one for one in found if isinstance(one, Exception)] == []
    assert len(fetches.keys) == 1
    assert not is_open(linked)


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_moment_each_is_counted(linked: CodeRepository) -> None:
    found = at_once([partial(mirrors.request_another_fetch, linked, now=NOW)] * 8)
    assert [one for one in found if isinstance(one, Exception)] == []
    linked.refresh_from_db()
    assert linked.fetch_requested == 8


def test_a_lease_is_lengthened_while_git_works(linked: CodeRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 1000, 20))
    monkeypatch.setattr(mirrors, "_clock_from", lambda now: lambda: now + timedelta(seconds=next(seconds)))
    ends: list[datetime | None] = []

    def slow(_: Mirror, *, watch: Callable[[], None], **__: object) -> bool:
        for _tick in range(3):
            ends.append(CodeRepository.objects.get().lease_until)
            watch()
        return False

    monkeypatch.setattr(Mirror, "refresh", slow)
    mirrors.request_another_fetch(linked, now=NOW)
    mirrors.fetch_in_turn(repository_id=linked.pk, now=NOW)
    first, *_, last = ends
    assert first
    assert last
    assert last > first


def test_a_request_of_the_former_release_stays_open(linked: CodeRepository) -> None:
    """It was a time, and nothing was counted."""
    done = make_code_repository(project=linked.project)
    CodeRepository.objects.filter(pk=linked.pk).update(fetch_requested_at=NOW)
    migration = import_module("projects.migrations.0003_open_fetch_requests")
    for _ in range(2):
        migration.count_open_requests(apps, connection.schema_editor())
    assert (is_open(linked), is_open(done)) == (True, False)
    assert list(CodeRepository.objects.fetch_due(NOW)) == [linked]
