"""A broker and a database whose disk is full: everything says so, nothing is lost, and all goes on by itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from celery import Celery
from django.conf import settings as django_settings
from django.test import Client
from kombu.exceptions import OperationalError
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker
from redis import RedisError

from mantik.accounts.models import User
from mantik.demo.visitor import Visitor, read_page
from mantik.lib.service_urls import own_broker_url
from mantik.up.broker import broker_service
from mantik.up.group import Group
from mantik.up.output import Terminal
from mantik.up.ports import free_port
from mantik.up.service_process import Service
from mantik.up.stack import TOP, Options, Stack
from runs.models import Run
from runs.states import RunState
from tests.mantik.up.test_group import Lines
from tests.support.factories import make_user
from tests.support.mlflow_server import TOKEN, MlflowServer
from tests.support.other_database import connected_to
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.stacks import world_at_sandbox
from tests.support.waiting import wait_until
from tests.support.world import World

MAIN = {"DJANGO_SETTINGS_MODULE": "mantik.settings", "MANTIK_DEBUG": "1", "MANTIK_GIT_ALLOW_LOCAL": "1"}

ALL_WELL = (200, dict.fromkeys(("database", "migrations", "restore", "broker", "disk"), "ok"))


def workers_at(broker_url: str) -> int:
    """How many answer there."""
    try:
        with Celery(broker=broker_url, set_as_current=False) as app:
            return len(app.control.ping(timeout=0.5) or ())
    except (RedisError, OperationalError, OSError):
        return 0


def sends(broker_url: str) -> bool:
    """Whether the broker takes a message, of a task that finds nothing to do."""
    options = {"max_retries": 0}
    with Celery(broker=broker_url, broker_transport_options=options, set_as_current=False) as app:
        try:
            app.send_task("mantik.idempotency.tasks.sweep_keys", queue="default", retry=False)
        except (OperationalError, OSError):
            return False
    return True


# A worker


@pytest.fixture(params=["packaged", "redis-server"])
def any_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the demo, and the one that is installed beside Mantik."""
    if request.param != "packaged":
        monkeypatch.setattr("mantik.up.broker._packaged", lambda: None)


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def group(lines: Lines) -> Iterator[Group]:
    made = Group(directory=TOP, output=lines, is_stopping=lambda: False)
    try:
        yield made
    finally:
        made.stop()


@pytest.mark.usefixtures("any_server")
def test_a_worker_outlives_a_broker_that_cannot_write(tmp_path: Path, group: Group, lines: Lines) -> None:
    with ExitStack() as exits:
        (tmp_path / "disk").mkdir()
        disk = exits.enter_context(small_disk(tmp_path / "disk", megabytes=4))
        exits.callback(group.stop)
        url = own_broker_url(disk.path)
        command = [sys.executable, "-m", "celery", "--app", "mantik", "--quiet", "worker", "--concurrency", "1"]
        environment = MAIN | {
            "MANTIK_DATA_DIR": str(tmp_path),
            "MANTIK_DATABASE_URL": f"sqlite:///{tmp_path}/mantik.sqlite3",
            "MANTIK_BROKER_URL": url,
            # Not that of the tests, which have a broker of their own.
            "MANTIK_BROKER_PREFIX": "",
        }
        group.run(Service("migrate", [sys.executable, "manage.py", "migrate"], environment, patience=300))
        worker = Service("worker", command, environment, is_ready=lambda: workers_at(url) == 1, patience=120)
        group.start([broker_service(disk.path), worker])
        group.await_ready()

        disk.fill()
        # The last message that gets in is handed to the worker, and only then the broker notices.
        watch_until(group, lambda: not sends(url))
        watch_until(group, lambda: any("MISCONF" in line for name, line in lines.seen if name == "worker"))
        assert workers_at(url) == 0

        disk.make_room()
        watch_until(group, lambda: workers_at(url) == 1)
        assert sends(url)


def watch_until(group: Group, is_so: Callable[[], bool]) -> None:
    def turn() -> bool:
        # Raises if one of them has ended.
        group.check()
        return is_so()

    wait_until(turn, seconds=180)


# The whole of Mantik


@pytest.fixture
def disks(tmp_path: Path) -> Iterator[Mapping[str, SmallDisk]]:
    """Of the database, and of the broker. Jobs and code have room."""
    folders = {"database": tmp_path / "database", "broker": tmp_path / "var" / "broker"}
    with ExitStack() as exits:
        for folder in folders.values():
            folder.mkdir(parents=True)
        yield {name: exits.enter_context(small_disk(folder, megabytes=24)) for name, folder in folders.items()}


@pytest.fixture
def stack(
    disks: Mapping[str, SmallDisk],
    tmp_path: Path,
    mlflow_server: MlflowServer,
    settings: Settings,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Stack]:
    url = f"sqlite:///{disks['database'].path}/mantik.sqlite3"
    environment = MAIN | {
        "MANTIK_DATABASE_URL": url,
        "MANTIK_SECRET_KEY": settings.SECRET_KEY,
        "MANTIK_ENCRYPTION_KEYS": ",".join(settings.MANTIK_ENCRYPTION_KEYS),
        "MANTIK_POLL_SECONDS": "1",
        # A run that was in the hands of a worker which could store nothing is not waited for for minutes.
        "MANTIK_LEASE_SECONDS": "3",
        "MANTIK_SUBMIT_SETTLE_SECONDS": "3",
    }
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    settings.MANTIK_DATA_DIR = tmp_path / "var"
    options = Options(
        data_dir=tmp_path / "var",
        port=free_port(),
        mlflow_uri=mlflow_server.uri,
        mlflow_token=TOKEN,
        with_sandbox=True,
        environment=environment,
    )
    with Stack(options, output=Terminal()) as running, django_db_blocker.unblock(), connected_to(url):
        yield running


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> World:
    return world_at_sandbox(stack, tmp_path / "world")


def signed_in(stack: Stack, user: User) -> Visitor:
    client = Client()
    client.force_login(user)
    visitor, name = Visitor(stack.url), django_settings.SESSION_COOKIE_NAME
    visitor._http.cookies.set(name, client.cookies[name].value)
    return visitor


class Member:
    """Who has opened the form, and an operator who looks at a page."""

    def __init__(self, stack: Stack, world: World) -> None:
        self._stack = stack
        self._new = f"/projects/{world.project.slug}/runs/submissions/add/"
        self._visitor = signed_in(stack, world.user)
        self._operator = signed_in(stack, make_user("otto", is_staff=True, is_superuser=True))
        self._form = read_page(self._visitor.look_at(self._new)).fields | {
            "code_repository": str(world.code.uuid),
            "experiment": str(world.experiment.uuid),
            "connection": str(world.connection.uuid),
            "branch": "main",
            "mlproject_path": "MLproject",
            "backend_config_path": "unicore.yaml",
            "compute_budget_account": "demo",
            "entry_point": "main",
            "param-marks": str(world.marks),
            "param-seconds": "0",
            "param-code": "0",
        }

    def presses_run(self, name: str) -> httpx.Response:
        return self._visitor._request("POST", self._new, self._form | {"name": name})

    def opens_the_form(self) -> str:
        return self._visitor.look_at(self._new)

    def operator_sees(self) -> str:
        return unescape(self._operator.look_at("/projects/"))

    def member_sees(self) -> str:
        return unescape(self._visitor.look_at("/projects/"))


def readyz(stack: Stack) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(f"{stack.url}/readyz", timeout=30, trust_env=False)
    return answer.status_code, json.loads(answer.content)


@pytest.mark.timeout(600)
def test_a_full_disk_is_said_and_everything_goes_on_when_there_is_room(
    stack: Stack, world: World, disks: Mapping[str, SmallDisk]
) -> None:
    member = Member(stack, world)
    assert member.presses_run("before").status_code == 302
    assert readyz(stack) == ALL_WELL

    for disk in disks.values():
        disk.fill()
    # Until the broker has noticed. What has room in a page that is half empty is still stored.
    wait_for(stack, lambda: readyz(stack)[1]["broker"] == "takes no messages: it has no disk space left")
    wait_for(stack, lambda: member.presses_run("while full").status_code == 503)
    refused = member.presses_run("while full")
    page = unescape(refused.text)
    assert "There is no disk space left for the database. Nothing was stored." in page
    # What was entered is still there.
    assert (read_page(refused.text).fields["name"], read_page(refused.text).fields["param-marks"]) == (
        "while full",
        str(world.marks),
    )
    status, checks = readyz(stack)
    assert status == 503
    assert checks["database"] == "has no disk space left"
    assert "The disk of the database is full: 0\N{NO-BREAK SPACE}B of 25" in checks["disk"]
    assert "The disk of the database is full" in member.operator_sees()
    assert "The disk of the database is full" not in member.member_sees()
    assert "New run" in member.opens_the_form()
    stored = Run.objects.count()

    for disk in disks.values():
        disk.make_room()
    assert member.presses_run("after").status_code == 302
    assert Run.objects.count() == stored + 1
    wait_for(stack, lambda: all(run.is_terminal for run in Run.objects.all()))
    assert {(run.state, run.outcome) for run in Run.objects.all()} == {
        (RunState.FINISHED, "The job ended with exit code 0.")
    }
    assert {world.starts_of(run) for run in Run.objects.all()} == {1}
    # A look at free space counts for some seconds, in which a quick machine has ended all runs.
    wait_for(stack, lambda: readyz(stack)[0] == 200)
    checks = readyz(stack)[1]
    assert (checks["database"], checks["broker"]) == ("ok", "ok"), checks


def wait_for(stack: Stack, is_so: Callable[[], bool]) -> None:
    def turn() -> bool:
        stack.check()
        return is_so()

    wait_until(turn, seconds=180)
