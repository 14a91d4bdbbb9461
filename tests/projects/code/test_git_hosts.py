"""A git host that is slow, or never answers, keeps neither workers nor other hosts waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.git.errors import GitError
from projects import tasks
from projects.code import hosts, mirrors
from projects.models import CodeRepository, GitHostOutage, Project
from tests.conftest import ClientOf
from tests.connections.git.host import GitHost, make_certificate
from tests.connections.git.repository import Repository
from tests.support.at_once import at_once
from tests.support.factories import make_code_repository, make_git_outage, make_project
from tests.support.fetching import fetch_as_asked, forget_requests, hold, let_go
from tests.support.messages import Message
from tests.support.pages import page_text
from tests.support.silent_host import SilentHost

pytestmark = pytest.mark.django_db

ELSEWHERE = "https://elsewhere.example.org/group/code.git"
LATER = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def here(settings: Settings, tmp_path: Path) -> None:
    settings.MANTIK_DATA_DIR = tmp_path / "data"


@pytest.fixture
def silent(settings: Settings) -> Iterator[SilentHost]:
    settings.MANTIK_GIT_ANSWER_TIMEOUT = 1
    with closing(SilentHost()) as host:
        yield host


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHost]:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate.certificate))
    source = Repository(tmp_path / "source")
    source.commit("First")
    with GitHost(source.path, certificate) as host:
        yield host


def asked(url: str, number: int = 1, *, project: Project | None = None) -> list[CodeRepository]:
    """So many code repositories of one project, with requests to fetch them, one after the other."""
    project = project or make_project()
    made = []
    for _ in range(number):
        made.append(make_code_repository(project=project, url=url))
        mirrors.request_another_fetch(made[-1], now=timezone.now())
    return made


def in_turn(now: datetime | None = None) -> list[CodeRepository]:
    return [CodeRepository.objects.get(pk=pk) for pk in hosts.in_turn(now=now or timezone.now())]


def test_a_host_that_hangs_costs_one_worker_a_moment_and_is_then_left_alone(silent: SilentHost) -> None:
    first, second = asked(silent.url, 2)
    (other,) = asked(ELSEWHERE)
    tasks.fetch_code_repository(repository_id=first.pk)
    first.refresh_from_db()
    assert first.fetch_error == "127.0.0.1 did not answer within 1\u00a0s. Check the address if this goes on."
    assert not first.awaits_fetch
    outage = GitHostOutage.objects.get()
    assert outage.host == hosts.git_host(silent.url)
    assert in_turn(outage.next_try_at - timedelta(milliseconds=1)) == [other]
    assert in_turn(outage.next_try_at) == [other, second]
    assert silent.visits == 1


def test_it_is_asked_by_one_fetch_at_a_time_and_less_and_less_often(silent: SilentHost, settings: Settings) -> None:
    settings.MANTIK_GIT_PROCESSES_PER_HOST = 3
    first, second, third = asked(silent.url, 3)
    assert in_turn() == [first, second, third]
    pauses: list[timedelta] = []
    for code in (first, second):
        mirrors.fetch_in_turn(repository_id=code.pk, now=timezone.now() + len(pauses) * LATER)
        outage = GitHostOutage.objects.get()
        pauses.append(outage.next_try_at - timezone.now() - len(pauses) * LATER)
    assert pauses[1] > pauses[0] > timedelta(0)
    assert outage.tries == 2
    asked(silent.url, project=third.project)
    assert in_turn(outage.next_try_at) == [third]
    hold(third, until=outage.next_try_at + LATER)
    assert in_turn(outage.next_try_at) == []


def test_when_it_answers_what_has_waited_goes_on(answering: GitHost, sent: list[Message]) -> None:
    first, second = asked(answering.url, 2)
    make_git_outage(hosts.git_host(answering.url), tries=7)
    tasks.fetch_code_repository(repository_id=first.pk)
    first.refresh_from_db()
    assert (first.fetch_error, first.head_subject) == ("", "First")
    assert not GitHostOutage.objects.exists()
    assert sent == [(mirrors.FETCH, {"repository_id": second.pk})]


@pytest.mark.parametrize("status", [401, 404])
def test_a_host_that_refuses_has_answered(answering: GitHost, status: int) -> None:
    make_git_outage(hosts.git_host(answering.url))
    answering.status = status
    (code,) = asked(answering.url)
    tasks.fetch_code_repository(repository_id=code.pk)
    code.refresh_from_db()
    assert code.fetch_error
    assert not GitHostOutage.objects.exists()


def test_a_large_repository_that_takes_too_long_is_no_silence(answering: GitHost, settings: Settings) -> None:
    """The host has answered the first question."""
    settings.MANTIK_GIT_ANSWER_TIMEOUT, settings.MANTIK_GIT_TIMEOUT = 60, 1
    answering.delay = 0.6
    (code,) = asked(answering.url)
    tasks.fetch_code_repository(repository_id=code.pk)
    code.refresh_from_db()
    assert "took longer than 1" in code.fetch_error
    assert not GitHostOutage.objects.exists()


def test_what_is_over_the_limit_of_a_host_waits_without_a_worker(settings: Settings, silent: SilentHost) -> None:
    settings.MANTIK_GIT_PROCESSES_PER_HOST = 2
    first, second, third = asked(silent.url, 3)
    (other,) = asked(ELSEWHERE)
    hold(first)
    assert in_turn() == [other, second]
    hold(second)
    assert in_turn() == [other]
    hold(other)
    tasks.fetch_code_repository(repository_id=third.pk)
    assert silent.visits == 0
    let_go(first)
    assert set(in_turn()) == {first}
    assert third.awaits_fetch


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_only_so_many_ask_one_host(silent: SilentHost, sent: list[Message]) -> None:
    codes = asked(silent.url, 6)
    found = at_once([partial(tasks.fetch_code_repository, repository_id=code.pk) for code in codes])
    assert [one for one in found if isinstance(one, Exception)] == []
    assert silent.visits <= 1
    waiting = [code for code in CodeRepository.objects.all() if code.awaits_fetch]
    assert len(waiting) == 6 - silent.visits


def test_projects_take_turns(settings: Settings) -> None:
    """However many repositories one of them wants, and although it asked first."""
    settings.MANTIK_GIT_PROCESSES_PER_HOST = 4
    many, few = make_project(), make_project()
    much = asked(ELSEWHERE, 6, project=many)
    little = asked(ELSEWHERE, 2, project=few)
    assert in_turn() == [much[0], little[0], much[1], little[1]]
    # What is under way counts.
    hold(much[0])
    assert in_turn() == [little[0], much[1], little[1]]


def test_a_fetch_that_takes_its_worker_with_it_has_had_its_turn() -> None:
    """Neither another project nor the others of its own wait for it for good."""
    fatal, sibling = asked(ELSEWHERE, 2)
    (other,) = asked(ELSEWHERE)
    now = timezone.now()
    assert in_turn(now) == [fatal]
    assert hosts.take_turn(CodeRepository.objects.fetch_due(now), key=fatal.pk, now=now)
    let_go(fatal)
    now = timezone.now()
    assert in_turn(now) == [other]
    assert hosts.take_turn(CodeRepository.objects.fetch_due(now), key=other.pk, now=now)
    let_go(other)
    assert in_turn() == [sibling]


def test_a_message_for_one_whose_turn_it_is_not_serves_another(answering: GitHost) -> None:
    many, few = make_project(), make_project()
    much = asked(answering.url, 3, project=many)
    little = asked(answering.url, project=few)
    order: list[int] = []
    for _ in range(4):
        tasks.fetch_code_repository(repository_id=much[-1].pk)
        order += [one.pk for one in CodeRepository.objects.all() if one.fetched_at and one.pk not in order]
    assert order == [much[0].pk, little[0].pk, much[1].pk, much[2].pk]


def test_a_run_waits_for_a_silent_host_without_asking_it(silent: SilentHost) -> None:
    code = make_code_repository(url=silent.url)
    make_git_outage(hosts.git_host(silent.url), next_try_at=timezone.now() + LATER)
    for fetch in (partial(mirrors.fetch_or_raise, code, now=timezone.now()), partial(mirrors.require_host, code)):
        with pytest.raises(GitError, match=r"127\.0\.0\.1 does not answer\.") as caught:
            fetch()
        assert not caught.value.permanent
    assert silent.visits == 0


def test_a_run_asks_a_silent_host_when_that_is_due(answering: GitHost) -> None:
    code = make_code_repository(url=answering.url)
    make_git_outage(hosts.git_host(answering.url))
    mirrors.fetch_or_raise(code, now=timezone.now())
    assert not GitHostOutage.objects.exists()


def test_requests_of_pages_do_not_keep_a_run_waiting(answering: GitHost) -> None:
    first, second, third = asked(answering.url, 3)
    hold(first)
    mirrors.fetch_or_raise(second, now=timezone.now())
    second.refresh_from_db()
    assert second.fetched_at
    hold(second)
    with pytest.raises(GitError, match="Mantik is fetching other code"):
        mirrors.fetch_or_raise(third, now=timezone.now())


def test_the_page_of_a_code_repository_says_so(
    client_of: ClientOf, researcher: object, guest: object, project: Project
) -> None:
    code = make_code_repository(project=project, url=ELSEWHERE)
    page = f"/projects/{project.slug}/code/{code.uuid}/"
    assert "does not answer" not in page_text(client_of(guest).get(page))  # type: ignore[arg-type]
    make_git_outage("elsewhere.example.org", next_try_at=timezone.now() + timedelta(seconds=40, milliseconds=500))
    text = page_text(client_of(guest).get(page))  # type: ignore[arg-type]
    assert "elsewhere.example.org does not answer. Everything that Mantik needs from this host has to wait." in text
    assert "next try in" in text


def test_the_outage_of_a_host_that_nobody_asks_any_more_is_forgotten() -> None:
    make_git_outage("old.example.org", next_try_at=timezone.now() - timedelta(days=2))
    make_git_outage("new.example.org", next_try_at=timezone.now() - timedelta(hours=2))
    tasks.clear_up_mirrors()
    assert [outage.host for outage in GitHostOutage.objects.all()] == ["new.example.org"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://git.example.org/a.git", "git.example.org"),
        ("git@git.example.org:a.git", "git.example.org"),
        ("ssh://git@git.example.org:2222/a.git", "git.example.org:2222"),
        ("/srv/code", ""),
        ("https://git.example.org:port/a.git", ""),
    ],
)
def test_hosts_are_told_apart_by_name_and_port(url: str, name: str) -> None:
    assert hosts.git_host(url) == name


def test_paths_on_this_machine_have_no_limit() -> None:
    assert len(asked("/srv/code", 3)) == len(in_turn()) == 3
    forget_requests()
    assert in_turn() == []


def test_a_request_is_open_until_it_is_served(silent: SilentHost) -> None:
    code = make_code_repository(url=silent.url)
    fetch_as_asked(code)
    code.refresh_from_db()
    assert not code.awaits_fetch
