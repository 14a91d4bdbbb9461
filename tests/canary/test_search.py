"""The search for canaries finds one in every kind of place; else its silence would mean nothing."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pytest_django.live_server_helper import LiveServer

from mantik.accounts.sessions import SessionStore
from tests.canary import places
from tests.canary.browser import Browser
from tests.canary.search import Canary, Place, found
from tests.support.factories import PASSWORD, join, make_connection, make_project, make_user
from tests.support.redis import Broker, client_at, server_of_ones_own
from tests.support.waiting import wait_until

CANARY = Canary("the canary", "Cana%/ry+5f <&> 'word'")
FORMS: list[Callable[[str], str]] = [
    str,
    quote,
    lambda secret: quote(secret, safe=""),
    lambda secret: json.dumps({"event": secret}),
    lambda secret: base64.b64encode(f"a:{secret}".encode()).decode(),
    lambda secret: base64.b64encode(f"ab:{secret}\n".encode()).decode(),
    lambda secret: base64.urlsafe_b64encode(f"ada:{secret}".encode()).decode(),
]


def seen(found_places: Iterator[Place] | list[Place]) -> list[str]:
    return found([CANARY], found_places)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with server_of_ones_own(tmp_path) as url:
        yield Broker(url)


@pytest.mark.parametrize("form", FORMS)
def test_a_canary_is_found_however_it_is_written(form: Callable[[str], str]) -> None:
    assert seen([("log of web", f"before {form(CANARY.value)} after".encode())]) == ["the canary in log of web"]


def test_what_is_no_canary_is_not_found() -> None:
    others = (CANARY.value[:-1], CANARY.value.lower(), base64.b64encode(CANARY.value[1:].encode()).decode())
    assert seen([("log of web", other.encode()) for other in others]) == []


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["test_message", "queue_limits", "login_name"])
def test_it_looks_into_every_column(column: str) -> None:
    columns: dict[str, Any] = {column: {"queue": CANARY.value} if column == "queue_limits" else CANARY.value}
    make_connection(**columns)
    assert seen(places.rows()) == [f"the canary in database: connections_connection.{column}"]


@pytest.mark.django_db
def test_a_sealed_secret_is_not_one_that_is_found() -> None:
    make_connection(secret=CANARY.value)
    assert seen(places.rows()) == []


@pytest.mark.django_db
def test_it_looks_into_sessions() -> None:
    session = SessionStore()
    session["messages"] = ["a line that can be packed " * 50, CANARY.value]
    session.save()
    assert seen(places.rows()) == []
    assert seen(places.sessions()) == ["the canary in session"]


def test_it_looks_into_files_in_hidden_directories(tmp_path: Path) -> None:
    config = tmp_path / "mirrors" / ".git" / "config"
    config.parent.mkdir(parents=True)
    config.write_text(f"url = https://ada:{quote(CANARY.value, safe='')}@git.example.org/code.git")
    assert seen(places.files(tmp_path)) == ["the canary in file: mirrors/.git/config"]


def test_it_looks_into_what_a_broker_holds(broker: Broker) -> None:
    with client_at(broker.url) as client:
        client.rpush("submit", json.dumps({"body": base64.b64encode(CANARY.value.encode()).decode()}))
        client.hset("unacked", "1", CANARY.value)
    assert seen(places.keys(broker)) == ["the canary in broker: submit", "the canary in broker: unacked"]


def test_it_looks_into_what_is_its_own_at_a_broker_that_others_use(broker: Broker) -> None:
    with client_at(broker.url) as client:
        client.rpush("one:submit", CANARY.value)
        client.rpush("other:submit", CANARY.value)
    assert seen(places.keys(Broker(broker.url, "one"))) == ["the canary in broker: one:submit"]


def test_it_hears_what_a_broker_is_told_and_has_forgotten(broker: Broker) -> None:
    with places.BrokerListener(broker.url) as listener, client_at(broker.url) as client:
        client.rpush("submit", CANARY.value)
        client.delete("submit")
        wait_until(lambda: seen(listener.places()) == ["the canary in broker: RPUSH submit"], seconds=20)
        assert seen(places.keys(broker)) == []


@contextmanager
def running(*arguments: str, **options: Any) -> Iterator[int]:
    """Its process id, once the process is what it was started as."""
    command = [sys.executable, "-c", "print(flush=True); input()", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options) as process:
        assert process.stdout
        assert process.stdin
        process.stdout.readline()
        yield process.pid
        process.stdin.write(b"\n")


def test_it_looks_at_arguments_of_processes() -> None:
    with running(CANARY.value) as pid:
        watcher = places.ProcessWatcher(pid)
        watcher.look()
    assert seen(watcher.places()) == ["the canary in arguments of a process"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows environments")
def test_it_looks_at_environments_of_processes(tmp_path: Path) -> None:
    with running(env={"TOKEN": CANARY.value}, cwd=tmp_path) as pid:
        watcher = places.ProcessWatcher(pid)
        watcher.look()
    [hit] = seen(watcher.places())
    assert hit.startswith("the canary in environment of python")
    assert hit.endswith(f" in {tmp_path}")


@pytest.mark.django_db(transaction=True)
def test_it_looks_at_pages_behind_links(live_server: LiveServer) -> None:
    user = make_user("ada")
    project = make_project(slug="pv-yield", name="PV yield", summary=CANARY.value)
    join(project, user=user)
    with Browser(live_server.url) as browser:
        browser.sign_in("ada", PASSWORD)
        assert "the canary in page: /projects/pv-yield/" in seen(browser.everything("/"))
        assert seen(browser.answers) == ["the canary in answer: GET /projects/"]
