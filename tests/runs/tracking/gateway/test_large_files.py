"""A real web server between clients and what stores their files, whoever of them is killed, stopped or slow.

Files are stored whole or not at all, and never in memory.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from mantik.up.ports import free_port
from projects.models import Project
from runs.models import Run
from runs.states import RunState
from tests.runs.tracking.gateway.asking import token_of_member
from tests.support import factories
from tests.support.mlflow_server import TOKEN
from tests.support.places import TOP
from tests.support.proofs import Proved, trials
from tests.support.waiting import wait_until
from tests.support.web_server import WebServer, web_server

pytestmark = pytest.mark.any_database
MIB = 1024**2
CONTENT = bytes(range(256)) * 80_000
KILLS = trials(1, 25)
# Starting a web server again takes some seconds.
KILLED_IN_TIME = pytest.mark.timeout(280 + 20 * KILLS)
# How much the memory of the web server may rise, whatever the size of the file.
MOST_MEMORY = 40 * MIB


class FileServer:
    """What stores files, in a process that can be killed."""

    def __init__(self, root: Path) -> None:
        self.root, self.port = root, free_port()
        self._start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def kill_and_start(self) -> None:
        self.kill()
        self._start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _start(self) -> None:
        command = [sys.executable, "-m", "tests.support.file_server", str(self.port), str(self.root)]
        self._process = subprocess.Popen(command, cwd=TOP, env=os.environ | {"MANTIK_MLFLOW_TOKEN": TOKEN})
        wait_until(lambda: self._process.poll() is not None or self._listens(), seconds=60)
        assert self._process.poll() is None

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


class Servers:
    """A web server on the database of the test, and what stores its files."""

    def __init__(self, directory: Path) -> None:
        self._exits, self._directory, self.port = ExitStack(), directory, free_port()
        (directory / "artifacts").mkdir()
        self.files = FileServer(directory / "artifacts")
        self.start()

    def start(self) -> None:
        more = {"MANTIK_MLFLOW_URI": f"http://127.0.0.1:{self.files.port}", "MANTIK_MLFLOW_TOKEN": TOKEN}
        impatient = "tests.runs.tracking.gateway.impatient:application"
        server = web_server(self._directory, port=self.port, application=impatient, **more)
        self.web: WebServer = self._exits.enter_context(server)

    def kill_web(self) -> None:
        self.web.kill()
        self.start()

    def close(self) -> None:
        self._exits.close()
        self.files.kill()


class Place:
    """Where a program keeps its files: those of a local run."""

    def __init__(self, servers: Servers, run: Run) -> None:
        self.servers, self.files, self.run = servers, servers.files, run
        self.token = token_of_member(run.created_by)
        self._address = f"/api/2.0/mlflow-artifacts/artifacts/7/{run.mlflow_run_id}/artifacts/"

    def send(self, name: str, body: io.BytesIO) -> Any:
        """By MLflow's own client, which sends it again as it does."""
        from mlflow.utils.rest_utils import MlflowHostCreds, http_request

        login = MlflowHostCreds(f"http://127.0.0.1:{self.servers.port}/tracking", token=self.token)  # type: ignore[no-untyped-call]
        # As often as usual, which Mantik's own use of the client in this process is not (`own_client.py`); only sooner.
        sooner: dict[str, Any] = {"max_retries": 7, "backoff_factor": 0.2, "respect_retry_after_header": False}
        return http_request(  # type: ignore[no-untyped-call]
            login, f"{self._address}{name}", "PUT", data=body, **sooner
        )

    def open(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.servers.port, timeout=60)

    def ask(self, http: HTTPConnection, method: str, name: str, body: Any = None, **headers: str) -> None:
        login = {"Authorization": f"Bearer {self.token}"}
        http.request(method, f"/tracking{self._address}{name}", body, login | headers)

    def stored(self) -> dict[str, int]:
        """Sizes of all files that are there, those under way included."""
        found = (path for path in self.files.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.files.root)): path.stat().st_size for path in found}

    def path(self, name: str) -> str:
        return f"7/{self.run.mlflow_run_id}/artifacts/{name}"

    @property
    def counted(self) -> int:
        self.run.refresh_from_db()
        return self.run.tracked_bytes


class Halting(io.BytesIO):
    """Calls `act` once, when it has been read up to `at`."""

    def __init__(self, content: bytes, at: int, act: Callable[[], None]) -> None:
        super().__init__(content)
        self._at, self._act = at, [act]

    def read(self, size: int | None = -1, /) -> bytes:
        if self._act and self.tell() >= self._at:
            self._act.pop()()
        return super().read(size)


@pytest.fixture(scope="module")
def servers(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    made = Servers(tmp_path_factory.mktemp("servers"))
    yield made
    made.close()


@pytest.fixture
def place(transactional_db: None, servers: Servers, project: Project) -> Place:
    experiment = factories.make_experiment(project=project, mlflow_experiment_id="7")
    return Place(servers, factories.make_local_run(project=project, experiment=experiment))


def _points(kills: int) -> list[int]:
    """Where in the file, evenly."""
    return [len(CONTENT) * (number + 1) // (kills + 1) for number in range(kills)]


@KILLED_IN_TIME
def test_a_web_server_that_is_killed_leaves_no_half_of_a_file(place: Place, proved: Proved) -> None:
    halves = 0
    for number, point in enumerate(_points(KILLS)):
        before, counted = place.stored(), place.counted

        def kill(before: dict[str, int] = before, counted: int = counted) -> None:
            nonlocal halves
            wait_until(lambda: place.stored() != before)
            place.servers.kill_web()
            wait_until(lambda: not [path for path in place.stored() if path.startswith(".uploads")])
            halves += place.stored() != before or place.counted != counted

        answer = place.send(f"{number}.bin", Halting(CONTENT, point, kill))
        assert answer.status_code == 200
        assert [one.status for one in answer.raw.retries.history] == [None]
        assert place.stored() == before | {place.path(f"{number}.bin"): len(CONTENT)}
        assert place.counted == counted + len(CONTENT)
    proved(kills=KILLS, halves=halves)
    assert halves == 0


@KILLED_IN_TIME
def test_a_store_that_is_killed_leaves_no_half_of_a_file(place: Place, proved: Proved) -> None:
    """The client is told to send it again."""
    halves = 0
    for number, point in enumerate(_points(KILLS)):
        before, counted = place.stored(), place.counted

        def kill(before: dict[str, int] = before, counted: int = counted) -> None:
            nonlocal halves
            wait_until(lambda: place.stored() != before)
            place.files.kill_and_start()
            halves += place.stored() != before or place.counted != counted

        answer = place.send(f"{number}.bin", Halting(CONTENT, point, kill))
        assert answer.status_code == 200
        assert [one.status for one in answer.raw.retries.history] == [503]
        assert place.stored() == before | {place.path(f"{number}.bin"): len(CONTENT)}
        assert place.counted == counted + len(CONTENT)
    proved(kills=KILLS, halves=halves)
    assert halves == 0


def test_a_run_that_ends_meanwhile_takes_no_file_that_is_under_way(place: Place) -> None:
    before = place.stored()

    def end() -> None:
        wait_until(lambda: place.stored() != before)
        Run.objects.filter(pk=place.run.pk).update(state=RunState.FINISHED, ended_at=timezone.now())

    answer = place.send("late.bin", Halting(CONTENT, len(CONTENT) // 2, end))
    assert answer.status_code == 400
    assert "is over, so nothing more can be logged to it" in answer.json()["message"]
    wait_until(lambda: place.stored() == before)
    assert place.counted == 0


def test_a_client_that_goes_leaves_no_half_of_a_file(place: Place) -> None:
    before = place.stored()
    with closing(place.open()) as http:
        http.putrequest("PUT", f"/tracking{place._address}x.bin")
        http.putheader("Authorization", f"Bearer {place.token}")
        http.putheader("Content-Length", str(len(CONTENT)))
        http.endheaders(CONTENT[: len(CONTENT) // 2])
        wait_until(lambda: place.stored() != before)
    wait_until(lambda: place.stored() == before)
    assert place.counted == 0


def test_while_mlflow_stands_still_calls_are_refused_and_all_else_is_answered(place: Place) -> None:
    def log(_: int = 0) -> tuple[int, str]:
        body = json.dumps({"run_id": place.run.mlflow_run_id, "key": "loss", "value": 1})
        with closing(place.open()) as http:
            login = {"Authorization": f"Bearer {place.token}", "Content-Type": "application/json"}
            http.request("POST", "/tracking/api/2.0/mlflow/runs/log-metric", body, login)
            response = http.getresponse()
            return response.status, response.headers.get("Retry-After", "")

    assert log() == (200, "")
    with ThreadPoolExecutor(40) as pool, place.files.frozen():
        calls = [pool.submit(log, number) for number in range(40)]
        time.sleep(0.3)
        for page in ("/healthz", "/docs/", "/tracking/version"):
            assert place.servers.web.ask("GET", page, Authorization=f"Bearer {place.token}").status == 200
        assert not all(call.done() for call in calls)
        assert {call.result() for call in calls} == {(503, "5")}
    assert {log(number) for number in range(3)} == {(200, "")}


def test_a_large_file_goes_through_no_memory(place: Place, proved: Proved) -> None:
    size = trials(100, 1024) * MIB
    for name, piece, count in (("small", CONTENT[:MIB], 1), ("large", CONTENT[:MIB], size // MIB)):
        # The first is for what is only loaded when it is needed.
        peak = Peak(place.servers.web.workers())
        with closing(place.open()) as http:
            place.ask(http, "PUT", name, (piece for _ in range(count)), **{"Content-Length": str(len(piece) * count)})
            assert http.getresponse().read() == b"{}"
        up = peak.rise
        with closing(place.open()) as http:
            place.ask(http, "GET", name)
            assert _size(http.getresponse()) == len(piece) * count
    proved(mebibytes=size // MIB, rise_up=up // MIB, rise_down=peak.rise // MIB)
    assert peak.rise < MOST_MEMORY


def _size(response: HTTPResponse) -> int:
    return sum(map(len, iter(lambda: response.read(MIB), b"")))


class Peak:
    """How much memory processes have had at most, above what they have now."""

    def __init__(self, pids: list[int]) -> None:
        if not Path("/proc/self/clear_refs").exists():
            pytest.skip("Only Linux tells.")
        self._pids = pids
        for pid in pids:
            # Begins to count anew (proc_pid_clear_refs(5)).
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._rest = self._bytes("VmRSS")

    @property
    def rise(self) -> int:
        return self._bytes("VmHWM") - self._rest

    def _bytes(self, name: str) -> int:
        lines = [line for pid in self._pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
