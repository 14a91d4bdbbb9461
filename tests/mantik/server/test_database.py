"""The web server beside a PostgreSQL that stops, freezes, or takes no more connections."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from mantik.accounts.models import User
from mantik.server.limits import DATABASE_CONNECTIONS, PAGE_THREADS
from mantik.up.errors import UpError
from projects.models import Project
from tests.support.factories import make_user
from tests.support.other_database import connected_to
from tests.support.postgres import FOR_CRASHES, Cluster, cluster
from tests.support.waiting import wait_until
from tests.support.web_server import CSRF, Answer, WebServer, cookies_of, web_server

pytestmark = pytest.mark.timeout(300)

AWAY, BUSY = "The database does not answer", "The database is busy"
LIST, ADD = "/projects/", "/projects/add/"
SUMMARY = 'What "we" <measured>'


@dataclass(frozen=True)
class Scene:
    cluster: Cluster
    web: WebServer
    cookies: str

    def ask(self, method: str, path: str, form: list[tuple[str, str]] | None = None, **headers: str) -> Answer:
        return self.web.ask(method, path, form, Cookie=self.cookies, **headers)

    def is_well(self) -> bool:
        return self.ask("GET", LIST).status == 200


def project_form(slug: str) -> list[tuple[str, str]]:
    return [("name", slug), ("slug", slug), ("summary", SUMMARY), CSRF]


@pytest.fixture(scope="module")
def scene(django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """With a PostgreSQL of its own, which the tests of this file leave as they found it."""
    try:
        with cluster(careless=FOR_CRASHES) as server, django_db_blocker.unblock(), connected_to(server.url):
            call_command("migrate", verbosity=0)
            user = make_user("alice")
            with web_server(tmp_path_factory.mktemp("web")) as web:
                yield Scene(server, web, cookies_of(user))
    except UpError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must not leave this out: {error}")
        pytest.skip(f"Left out: {error}")


@pytest.fixture(autouse=True)
def _connected_anew() -> Iterator[None]:
    yield
    connection.close()


def test_a_busy_server_takes_no_more_connections_than_the_docs_say(scene: Scene) -> None:
    with ThreadPoolExecutor(3 * PAGE_THREADS) as people, psycopg.connect(scene.cluster.url, autocommit=True) as own:
        answers = [people.submit(scene.ask, "GET", LIST) for _ in range(3 * PAGE_THREADS)]
        taken = [connections_of_others(own)]
        while not all(answer.done() for answer in answers):
            taken.append(connections_of_others(own))
    assert {answer.result().status for answer in answers} == {200}
    assert 1 < max(taken) <= DATABASE_CONNECTIONS


def connections_of_others(own: psycopg.Connection) -> int:
    connection.close()
    counted = own.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    ).fetchone()
    assert counted
    return int(counted[0])


def test_a_database_that_has_stopped(scene: Scene) -> None:
    assert scene.is_well()
    scene.cluster.crash()
    try:
        assert_told(scene, AWAY)
        again = scene.ask("POST", ADD, project_form("stopped"))
        ready = scene.ask("GET", "/readyz")
        assert (ready.status, '"database": "does not answer"' in ready.text) == (503, True)
        assert scene.ask("GET", "/healthz").status == 200
    finally:
        scene.cluster.start()
    wait_until(scene.is_well)
    assert_form_is_stored(scene, again, "stopped")


def assert_told(scene: Scene, title: str) -> None:
    page = scene.ask("GET", LIST)
    assert (page.status, page.headers.get("retry-after")) == (503, "5")
    assert title in page.text
    assert '<meta http-equiv="refresh"' in page.text
    program = scene.ask("GET", "/api/whoami/", Authorization="Bearer x")
    assert program.status == 503
    assert '"error_code": "TEMPORARILY_UNAVAILABLE"' in program.text
    fragment = scene.ask("GET", LIST, HX_Request="true")
    assert (fragment.status, "<" in fragment.text) == (503, False)


def assert_form_is_stored(scene: Scene, answer: Answer, slug: str) -> None:
    """By what `answer` offers to send again."""
    connection.close()
    assert answer.status == 503
    assert '<meta http-equiv="refresh"' not in answer.text
    assert f'action="{ADD}"' in answer.text
    assert not Project.objects.filter(slug=slug).exists()
    assert sorted(answer.hidden) == sorted(project_form(slug))
    sent = scene.ask("POST", ADD, answer.hidden)
    assert sent.status == 302, sent.text
    assert Project.objects.get(slug=slug).summary == SUMMARY


def test_a_database_that_is_frozen(scene: Scene) -> None:
    """It has a connection, on which it goes silent. Nobody waits for longer than one statement may take."""
    assert scene.is_well()
    with scene.cluster.frozen():
        with ThreadPoolExecutor(2 * PAGE_THREADS) as people:
            pages = [people.submit(scene.ask, "GET", LIST) for _ in range(2 * PAGE_THREADS)]
        assert {page.result().status for page in pages} == {503}
        assert_told(scene, AWAY)
        again = scene.ask("POST", ADD, project_form("frozen"))
    wait_until(scene.is_well)
    assert_form_is_stored(scene, again, "frozen")


def test_a_database_that_takes_no_more_connections(scene: Scene) -> None:
    assert scene.is_well()
    connection.close()
    with all_connections(scene.cluster):
        assert_told(scene, AWAY)
        again = scene.ask("POST", ADD, project_form("full"))
    wait_until(scene.is_well)
    assert_form_is_stored(scene, again, "full")


@contextmanager
def all_connections(server: Cluster) -> Iterator[None]:
    """Taken by others."""
    with ExitStack() as others:
        first = others.enter_context(closing(psycopg.connect(server.url, autocommit=True)))
        first.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        with suppress(psycopg.OperationalError):
            while True:
                others.enter_context(closing(psycopg.connect(server.url)))
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            psycopg.connect(server.url)
        yield


def test_a_row_that_somebody_keeps_locked(scene: Scene) -> None:
    """What waits for it is cancelled; all other pages are as before."""
    user = User.objects.get()
    with psycopg.connect(scene.cluster.url) as other:
        other.execute("LOCK TABLE projects_project IN EXCLUSIVE MODE")
        answer = scene.ask("POST", ADD, project_form("locked"))
        assert (answer.status, BUSY in answer.text) == (503, True)
        assert scene.is_well()
        other.rollback()
    assert_form_is_stored(scene, answer, "locked")
    assert Project.objects.get(slug="locked").memberships.get().user == user
