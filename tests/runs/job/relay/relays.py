"""A relay in a process of its own, and those who talk to it with nothing but HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.support.places import TOP
from tests.support.waiting import wait_until

PROGRAM = TOP / "runs" / "job" / "relay.py"
RUN_ID, EXPERIMENT_ID, SECRET = "ab" * 16, "7", "s3cret-of-this-job-0123456789"
API = "api/2.0/mlflow/"
FILES = "api/2.0/mlflow-artifacts/artifacts"
OF_RUN = f"{EXPERIMENT_ID}/{RUN_ID}/artifacts"
SEED = {
    "run_id": RUN_ID,
    "experiment_id": EXPERIMENT_ID,
    "secret": SECRET,
    "artifact_root": f"mlflow-artifacts:/{EXPERIMENT_ID}",
    "journal_bytes": 2**30,
    "file_bytes": 2**31,
    "token": "the-run-token",
    "sample": False,
}
JOURNAL = "attempt-1"


def oldest_python() -> str | None:
    """A Python 3.6: that of MANTIK_OLDEST_PYTHON, one on PATH, or one of pyenv; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    known = (
        os.environ.get("MANTIK_OLDEST_PYTHON"),
        shutil.which("python3.6"),
        *map(str, sorted(pyenv.glob("versions/3.6.*/bin/python3.6"))),
    )
    return next((path for path in known if path and _is_3_6(path)), None)


def _is_3_6(path: str) -> bool:
    command = [path, "-c", "import sys; print(sys.version_info[:2] == (3, 6))"]
    # On PATH may be a shim of pyenv that leads nowhere.
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "True"
    except OSError:
        return False


class Answer:
    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.content["error_code"])


class Relay:
    """Started in `folder`, with a journal `name`. `python`: the path of an interpreter."""

    def __init__(self, folder: Path, python: str, *, name: str = JOURNAL, **seed: Any) -> None:
        self.folder, self.python, self.name = folder, python, name
        self.process: subprocess.Popen[bytes] | None = None
        self.address, self.port = "127.0.0.1", 0
        self._connection: HTTPConnection | None = None
        seed_file = folder / "seed.json"
        seed_file.touch(0o600)
        seed_file.write_text(json.dumps(SEED | seed))

    # Its life

    def start(self, *more: str) -> None:
        """It ends when `hang_up` is called, or its process dies."""
        command = [self.python, "-E", "-s", "-S", str(PROGRAM), "--folder", str(self.folder), "--journal", self.name]
        # Not in one of Python's own ways, which cannot append to a FIFO.
        with os.fdopen(os.open(self.folder / "log", os.O_RDWR | os.O_APPEND | os.O_CREAT), "wb") as log:
            self.process = subprocess.Popen([*command, *more], stdin=subprocess.PIPE, stderr=log)
        wait_until(lambda: self._listens() or self.is_over())
        assert not self.is_over(), self.log()

    def _listens(self) -> bool:
        """The port is in a file, which a relay that was killed leaves behind."""
        port_file = self.folder / f"{self.name}.port"
        if not port_file.exists():
            return False
        self.port = int(port_file.read_text())
        try:
            socket.create_connection((self.address, self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    def is_over(self) -> bool:
        assert self.process is not None
        return self.process.poll() is not None

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)
        self._close()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def hang_up(self) -> int:
        """Closes its standard input. Its exit code."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._close()
        return self.process.wait(30)

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def resident(self, *, peak: bool = False) -> int:
        """Bytes of memory."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:" if peak else "VmRSS:"))
        return int(line.split()[1]) * 1024

    # Talking to it

    def connect(self) -> HTTPConnection:
        return HTTPConnection(self.address, self.port, timeout=60)

    def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, Any] | None = None,
        *,
        body: Any = None,
        secret: str | None = SECRET,
        **headers: str,
    ) -> Answer:
        """On a connection that is kept. `fields`: in the address of a GET, as JSON otherwise."""
        self._connection = self._connection or self.connect()
        return ask(self._connection, method, path, fields, body=body, secret=secret, **headers)

    def get(self, path: str, /, **fields: Any) -> Any:
        answer = self.ask("GET", API + path, fields)
        assert answer.status == 200, answer.body
        return answer.content

    def post(self, path: str, /, **fields: Any) -> Any:
        answer = self.ask("POST", API + path, fields)
        assert answer.status == 200, answer.body
        return answer.content

    def put(self, path: str, body: Any, *, place: str = OF_RUN, **headers: str) -> Answer:
        return self.ask("PUT", f"{FILES}/{place}/{quote(path)}", None, body=body, **headers)

    def file(self, path: str, *, place: str = OF_RUN) -> bytes:
        answer = self.ask("GET", f"{FILES}/{place}/{quote(path)}")
        assert answer.status == 200, answer.body
        return answer.body

    def run(self, run_id: str = RUN_ID) -> Any:
        return self.get("runs/get", run_id=run_id)["run"]

    # What it wrote

    def entries(self) -> list[dict[str, Any]]:
        return list(read_entries(self.folder / self.name))

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries() if entry["k"] in kinds]


def ask(
    connection: HTTPConnection,
    method: str,
    path: str,
    fields: Mapping[str, Any] | None = None,
    *,
    body: Any = None,
    secret: str | None = SECRET,
    **headers: str,
) -> Answer:
    target = f"/{secret}/{path}" if secret else f"/{path}"
    if method == "GET" and fields:
        target += "?" + urlencode(fields)
    elif fields is not None:
        body, headers = json.dumps(fields).encode(), {"Content-Type": "application/json", **headers}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, target, body=body, headers=named)
    answer = connection.getresponse()
    return Answer(answer.status, answer.read())


def read_entries(path: Path) -> Iterator[dict[str, Any]]:
    """As the reader of the platform does it: whole lines, checked; the numbers have no gaps."""
    whole = path.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(whole, 1):
        checksum, _, text = line.partition(b" ")
        assert int(checksum, 16) == zlib.crc32(text)
        entry = json.loads(text)
        assert entry["n"] == number
        yield entry


@contextmanager
def relay_in(folder: Path, python: str = sys.executable, **seed: Any) -> Iterator[Relay]:
    relay = Relay(folder, python, **seed)
    relay.start()
    try:
        yield relay
    finally:
        if not relay.is_over():
            relay.kill()


def needs_oldest_python() -> str:
    path = oldest_python()
    if path is None:
        pytest.skip(
            "There is no Python 3.6 on this machine, so the relay was not tried under the oldest that it is for."
        )
    return path
