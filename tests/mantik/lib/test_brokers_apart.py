"""Installations that share a Redis, with real workers: what is one's own stays with it.

Where a prefix keeps them apart, each has a user whom the server lets near nothing else. So what Celery forgets to put
the prefix before is refused, and the server remembers that it was.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from celery import Celery
from django.conf import settings as django_settings
from django.db import connection as database
from django.utils import timezone

from mantik.lib.service_urls import broker_prefix, broker_url
from mantik.up.stack import TOP
from projects.models import CodeRepository
from tests.support.factories import make_code_repository
from tests.support.fetching import let_go
from tests.support.queues import QUEUES
from tests.support.redis import client_at, server_of_ones_own
from tests.support.silent_host import SilentHost
from tests.support.stacks import database_url
from tests.support.waiting import wait_until

# Of every worker here: what keeps them apart is not their name.
NODE = "celery@mantik"
FETCH = "projects.tasks.fetch_code_repository"
NOBODY = 1_000_000
# A message that nobody has acknowledged for an hour is delivered again.
LONG_AGO = 3700.0

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Installation:
    """On the database of the test, like its neighbour, so that only the broker keeps their work apart."""

    url: str
    prefix: str
    log: Path

    @property
    def key(self) -> str:
        """What docs/operators.md says that stands before the names of queues."""
        return f"{self.prefix}:" if self.prefix else ""

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "mantik.settings",
            "MANTIK_DEBUG": "1",
            "MANTIK_DATABASE_URL": database_url(database.settings_dict),
            "MANTIK_SECRET_KEY": django_settings.SECRET_KEY,
            "MANTIK_BROKER_URL": self.url,
            "MANTIK_BROKER_PREFIX": self.prefix,
        }

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """As docker-compose.yml starts it. Gone afterwards, with all its processes."""
        options = ("--queues", ",".join(QUEUES), "--concurrency", "1", "--without-gossip", "--without-mingle")
        command = [*_celery("worker"), *options, "--hostname", NODE]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=TOP, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait_until(lambda: process.poll() is not None or self.answering() == [NODE], seconds=60)
            assert process.poll() is None, self.log.read_text()
            yield process
        finally:
            kill(process)

    def send_fetch(self, repository_id: int = NOBODY) -> None:
        with self._app() as app:
            app.send_task(FETCH, kwargs={"repository_id": repository_id})

    def answering(self) -> list[str]:
        """The workers that hear when this installation asks who is there."""
        with self._app() as app:
            return [name for answer in app.control.ping(timeout=2) or () for name in answer]

    def waiting(self) -> int:
        """Messages that no worker has taken."""
        with client_at(self.url) as client:
            return int(client.llen(f"{self.key}git"))

    def in_hands(self) -> int:
        """Messages that a worker has taken, and not acknowledged."""
        with client_at(self.url) as client:
            return int(client.hlen(f"{self.key}unacked"))

    def let_an_hour_pass(self) -> None:
        with client_at(self.url) as client:
            tags = client.zrange(f"{self.key}unacked_index", 0, -1)
            client.zadd(f"{self.key}unacked_index", {tag: time.time() - LONG_AGO for tag in tags}, xx=True)
        let_go(*CodeRepository.objects.all())

    @contextmanager
    def _app(self) -> Iterator[Celery]:
        """As a web server of this installation has it."""
        with Celery(set_as_current=False) as app:
            app.config_from_object("django.conf:settings", namespace="CELERY")
            options = django_settings.CELERY_BROKER_TRANSPORT_OPTIONS | {"global_keyprefix": self.key}
            app.conf.update(broker_url=broker_url(self.url), broker_transport_options=options)
            yield app


@dataclass(frozen=True)
class Neighbours:
    """Two installations at one server, and what it has refused to them."""

    one: Installation
    other: Installation
    server: str

    def refused(self) -> list[object]:
        with client_at(self.server) as client:
            return list(client.acl_log())


def _celery(command: str) -> list[str]:
    return [sys.executable, "-m", "celery", "--app", "mantik", "--quiet", command]


def kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def by_prefix(url: str, log: Path) -> Installation:
    """With a user who may go nowhere else, as docs/operators.md makes one."""
    prefix = broker_prefix(log.stem)
    told = re.search(r"^ACL SETUSER lab .*$", (TOP / "docs" / "operators.md").read_text(), re.MULTILINE)
    assert told
    with client_at(url) as client:
        client.execute_command(*re.sub(r"\blab\b", prefix, told[0]).split())
    return Installation(url.replace("://", f"://{prefix}:PASSWORD@"), prefix, log)


def without_prefix(url: str, log: Path) -> Installation:
    return Installation(url, "", log)


def in_database_7(url: str, log: Path) -> Installation:
    return Installation(f"{url}?virtual_host=7", "", log)


@pytest.fixture
def neighbours(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Neighbours]:
    """One that has set nothing, and one with a prefix; or as a test says."""
    make: Sequence[Callable[[str, Path], Installation]] = getattr(request, "param", (without_prefix, by_prefix))
    with server_of_ones_own(tmp_path) as url:
        # The name of one begins with that of the other.
        one, other = (maker(url, tmp_path / f"{name}.log") for maker, name in zip(make, ("lab", "lab2"), strict=True))
        yield Neighbours(one, other, url)


@pytest.mark.parametrize(
    "neighbours",
    [(without_prefix, by_prefix), (by_prefix, by_prefix), (without_prefix, in_database_7)],
    ids=["one prefix", "two prefixes", "two databases"],
    indirect=True,
)
def test_messages_are_taken_and_questions_answered_by_ones_own_workers(neighbours: Neighbours) -> None:
    one, other = neighbours.one, neighbours.other
    for _ in range(3):
        one.send_fetch()
    with other.worker():
        other.send_fetch()
        wait_until(lambda: other.waiting() + other.in_hands() == 0)
        assert (one.waiting(), one.answering()) == (3, [])
        with one.worker():
            wait_until(lambda: one.waiting() + one.in_hands() == 0)
            # Not twice, though both have workers of the same name.
            wait_until(lambda: one.answering() == [NODE] == other.answering())
    assert neighbours.refused() == []


def test_the_health_check_of_a_worker_asks_that_worker(neighbours: Neighbours) -> None:
    """Typed as in docker-compose.yml."""
    one, other = neighbours.one, neighbours.other
    with other.worker():
        assert [inspect_ping(one), inspect_ping(other)] == [False, True]
    assert neighbours.refused() == []


def inspect_ping(installation: Installation) -> bool:
    command = [*_celery("inspect"), "ping", "--destination", NODE, "--timeout", "5"]
    done = subprocess.run(command, cwd=TOP, env=installation.environment, capture_output=True, text=True, check=False)
    assert ("pong" in done.stdout) == (done.returncode == 0), done.stdout + done.stderr
    return done.returncode == 0


def test_what_a_killed_worker_had_in_its_hands_is_delivered_again_at_home(neighbours: Neighbours) -> None:
    one, other = neighbours.one, neighbours.other
    with closing(SilentHost()) as ones, closing(SilentHost()) as others:
        for installation, host in ((one, ones), (other, others)):
            with installation.worker():
                code = make_code_repository(url=host.url, fetch_requested=1, fetch_requested_at=timezone.now())
                installation.send_fetch(code.pk)
                host.await_visits(1)
            host.hang_up()
            assert (installation.waiting(), installation.in_hands()) == (0, 1)
            installation.let_an_hour_pass()
        # Each clears up what is left at home, and nothing else.
        with other.worker():
            others.await_visits(2)
            assert (one.waiting(), one.in_hands()) == (0, 1)
            ones.await_visits(1)
        with one.worker():
            ones.await_visits(2)
        others.await_visits(2)
    assert neighbours.refused() == []
