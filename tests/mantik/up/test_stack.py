"""The whole of Mantik on one machine, really started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import socket
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from celery import Celery
from kombu.exceptions import OperationalError
from pytest_django.fixtures import Settings
from redis import RedisError

from mantik.lib.env import Environment
from mantik.up.errors import StopRequested, UpError
from mantik.up.ports import LOOPBACK, free_port
from mantik.up.running import options_from_settings
from mantik.up.stack import TOP, Options, Stack
from mantik.up.worker import GROUPS
from tests.mantik.up.children import is_alive
from tests.support.mlflow_server import TOKEN, MlflowServer
from tests.support.private import open_to_others
from tests.support.waiting import wait_until


@pytest.fixture
def options(tmp_path: Path, mlflow_server: MlflowServer) -> Options:
    """With the MLflow server of the tests, which takes the longest to start, and a database of its own."""
    return Options(
        data_dir=tmp_path / "var",
        port=free_port(),
        mlflow_uri=mlflow_server.uri,
        mlflow_token=TOKEN,
        environment={
            # pytest-django has put those of the tests into our environment.
            "DJANGO_SETTINGS_MODULE": "mantik.settings",
            "MANTIK_DEBUG": "1",
            "MANTIK_DATABASE_URL": f"sqlite:///{tmp_path}/mantik.sqlite3",
        },
    )


def read(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def workers_at(broker_url: str) -> int:
    """How many answer there."""
    try:
        with Celery(broker=broker_url, set_as_current=False) as app:
            return len(app.control.ping(timeout=0.5) or ())
    except (RedisError, OperationalError, OSError):
        return 0


# All processes start twice.
@pytest.mark.timeout(600)
def test_it_serves_refuses_a_second_one_and_starts_again_what_dies(options: Options) -> None:
    said: list[str] = []

    def output(name: str, line: str) -> None:
        if name == "mantik":
            said.append(line)

    with Stack(options, output=output) as stack:
        pids = stack.pids
        assert list(pids) == ["broker", "web", "worker", "beat"]
        assert read(f"{stack.url}/healthz") == (200, "ok\n")
        status, checks = read(f"{stack.url}/readyz")
        assert (status, json.loads(checks)) == (
            200,
            {"database": "ok", "migrations": "ok", "restore": "ok", "broker": "ok", "disk": "ok"},
        )
        assert "Sign in" in read(f"{stack.url}/accounts/sign-in/")[1]
        assert open_to_others(options.data_dir) == []

        with pytest.raises(UpError, match=f"is already running with the data in .*, as process {os.getpid()}"):
            Stack(options).__enter__()
        stack.check()

        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, pids.values())))
        while not set(said) >= {f"{name} is started again" for name in pids}:
            stack.sleep(0.1)
        # All are there again: a worker answers through the broker.
        wait_until(lambda: workers_at(stack.broker_url) == len(GROUPS), seconds=60)
        wait_until(lambda: read(f"{stack.url}/healthz") == (200, "ok\n"))
        again = stack.pids
        assert not set(again.values()) & set(pids.values())
        assert json.loads(read(f"{stack.url}/readyz")[1])["broker"] == "ok"
        assert "beat was killed by SIGKILL; it is started again in 1 s" in said
    assert not any(is_alive(pid) for pid in again.values())


def test_a_second_one_does_not_move_the_ports_of_the_first(tmp_path: Path, options: Options) -> None:
    options.data_dir.mkdir()
    memory = options.data_dir / "ports.json"
    with closing(socket()) as mlflow:
        # The first one's MLflow server runs, so its port is taken.
        mlflow.bind((LOOPBACK, 0))
        mlflow.listen()
        memory.write_text(json.dumps({"mlflow": mlflow.getsockname()[1]}))
        before = memory.read_text()
        with (options.data_dir / "up.lock").open("w") as lock:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(UpError, match="already running"):
                Stack(Options(data_dir=options.data_dir, port=options.port)).__enter__()
    assert memory.read_text() == before


def test_a_port_in_use_is_named_and_nothing_is_started(options: Options) -> None:
    with closing(socket()) as taken:
        taken.bind((LOOPBACK, options.port))
        taken.listen()
        with pytest.raises(UpError, match=f"Port {options.port} is in use .* PORT={options.port + 1}"):
            Stack(options).__enter__()
    assert not (options.data_dir / "broker").exists()


def test_a_stop_that_is_requested_while_it_starts_stops_it(options: Options) -> None:
    stack = Stack(options)
    stack.request_stop()
    with pytest.raises(StopRequested):
        stack.__enter__()
    assert not (options.data_dir / "broker" / "broker.sock").exists()


def test_the_sandbox_site_is_only_started_where_it_is_allowed(settings: Settings) -> None:
    settings.MANTIK_SANDBOX_ALLOWED = False
    with pytest.raises(UpError, match="MANTIK_SANDBOX_ALLOWED=1"):
        options_from_settings(with_sandbox=True)
    assert not options_from_settings().with_sandbox


def test_a_shared_broker_that_files_name_is_that_of_the_children(tmp_path: Path, settings: Settings) -> None:
    settings.MANTIK_BROKER_URL, settings.MANTIK_BROKER_PREFIX = "redis://:hunter2@broker/3", "lab"
    given = {}
    for name, value in (("URL", "redis://:hunter2@broker/3"), ("PREFIX", "lab")):
        (tmp_path / name).write_text(value)
        given[f"MANTIK_BROKER_{name}_FILE"] = str(tmp_path / name)
    stack = Stack(options_from_settings())
    env = Environment(given | stack.environment)
    assert (env.text("BROKER_URL"), env.text("BROKER_PREFIX")) == ("redis://:hunter2@broker/3", "lab")
    assert env.problems == []


def test_an_mlflow_and_a_place_that_files_name_are_those_of_the_children(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlflow").write_text("http://mlflow:5000")
    (tmp_path / "place").write_text(str(tmp_path / "data"))
    given = {"MANTIK_MLFLOW_URI_FILE": str(tmp_path / "mlflow"), "MANTIK_DATA_DIR_FILE": str(tmp_path / "place")}
    monkeypatch.delenv("MANTIK_MLFLOW_URI", raising=False)
    monkeypatch.setenv("MANTIK_MLFLOW_URI_FILE", given["MANTIK_MLFLOW_URI_FILE"])
    settings.MANTIK_MLFLOW_URI, settings.MANTIK_DATA_DIR = "http://mlflow:5000", tmp_path / "data"
    env = Environment(given | Stack(options_from_settings()).environment)
    assert (env.text("MLFLOW_URI"), env.text("DATA_DIR")) == ("http://mlflow:5000", str(tmp_path / "data"))
    assert env.problems == []


@pytest.fixture
def command(options: Options) -> Iterator[subprocess.Popen[str]]:
    """`manage.py up` as a person starts it, in a terminal of its own."""
    environment = {
        # It is to start its own broker, as a person's does, also if the suite has one.
        **{name: value for name, value in os.environ.items() if not name.startswith("MANTIK_BROKER_")},
        **options.environment,
        "MANTIK_DATA_DIR": str(options.data_dir),
        "MANTIK_MLFLOW_URI": options.mlflow_uri,
        "PORT": str(options.port),
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=TOP,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_ctrl_c_stops_everything(command: subprocess.Popen[str], options: Options) -> None:
    assert command.stdout
    lines: list[str] = []
    for line in command.stdout:
        lines.append(line)
        if "Mantik is ready" in line:
            break
    assert lines[-1:] == [f"Mantik is ready: http://127.0.0.1:{options.port}   (Ctrl-C stops it)\n"], "".join(lines)
    # As a terminal does it: to everything in its foreground.
    os.killpg(command.pid, signal.SIGINT)
    rest = command.stdout.read()
    assert command.wait(30) == 0
    assert f"stopping; the data stay in {options.data_dir}\n" in rest
    assert rest.endswith("Mantik has stopped.\n")
    assert "Traceback" not in "".join(lines) + rest
    wait_until(lambda: not (options.data_dir / "broker" / "broker.sock").exists())
