"""Files that our MLflow server sends itself: as fast as they are read, and no others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from connections.mlflow.paths import SERVED_FILE
from tests.support.mlflow_server import HEADERS, TOKEN, MlflowServer

MIB = 1024**2


@pytest.fixture
def folder(mlflow_server: MlflowServer, request: pytest.FixtureRequest) -> Path:
    """Among the files that the server keeps, named by the test."""
    made: Path = mlflow_server.data_dir / "artifacts" / request.node.name.partition("[")[0]
    made.mkdir(exist_ok=True)
    return made


@pytest.fixture
def http(mlflow_server: MlflowServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=mlflow_server.uri, headers=HEADERS, trust_env=False, timeout=30) as client:
        yield client


def address(folder: Path, name: str) -> str:
    return SERVED_FILE.format(path=f"{folder.name}/{name}")


def test_it_is_sent_whole_and_in_parts(http: httpx.Client, folder: Path) -> None:
    (folder / "a file.html").write_bytes(b"0123456789")
    whole = http.get(address(folder, "a%20file.html"))
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert whole.headers["Content-Disposition"].startswith("attachment")
    part = http.get(address(folder, "a%20file.html"), headers={"Range": "bytes=3-5"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"345", "bytes 3-5/10")


def test_a_reader_who_waits_fills_no_memory(http: httpx.Client, folder: Path, mlflow_server: MlflowServer) -> None:
    size = 300 * MIB
    with (folder / "large").open("wb") as file:
        file.truncate(size)
    before = _resident(mlflow_server.pid)
    with closing(
        socket.create_connection((urlsplit(mlflow_server.uri).hostname, urlsplit(mlflow_server.uri).port))
    ) as one:
        head = f"GET {address(folder, 'large')} HTTP/1.1\r\nHost: {urlsplit(mlflow_server.uri).netloc}\r\n"
        one.sendall(f"{head}Authorization: Bearer {TOKEN}\r\n\r\n".encode())
        assert one.recv(12) == b"HTTP/1.1 200"
        # Somebody else reads all of it meanwhile, so there was time to.
        with http.stream("GET", address(folder, "large")) as other:
            assert sum(map(len, other.iter_raw(MIB))) == size
        assert _resident(mlflow_server.pid) - before < size / 4


def _resident(pid: int) -> int:
    """In bytes."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("name", ["missing", "..%2f..%2fmlflow.sqlite3", "out", "", "x%2525", "large%00"])
def test_whatever_else_is_asked_for_mlflow_refuses(http: httpx.Client, folder: Path, name: str) -> None:
    (folder / "out").unlink(missing_ok=True)
    (folder / "out").symlink_to("/etc/passwd")
    answer = http.get(address(folder, name))
    assert 400 <= answer.status_code <= 500
    assert b"root:" not in answer.content
    assert b"SQLite format" not in answer.content


def test_a_name_that_the_file_system_does_not_take_is_refused(http: httpx.Client, folder: Path) -> None:
    for name in ("x" * 256, f"{'x' * 256}/y"):
        answer = http.put(address(folder, name), content=b"x")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
