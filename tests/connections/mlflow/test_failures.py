"""A server that is away, slow, ill or something else: real sockets, and answers that MLflow has given."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from connections.mlflow import transport
from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.tracking import TrackingClient
from tests.connections.mlflow.conftest import START


class Scripted(ThreadingHTTPServer):
    """Answers with `status` and `body`; hangs up instead, `drops` times."""

    daemon_threads = True
    status = 200
    body = b"{}"
    drops = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[dict[str, str]] = []

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        self.server.seen.append(dict(self.headers))
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.server.drops:
            self.server.drops -= 1
            self.close_connection = True
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.send_header("Location", "/login")
        self.end_headers()
        self.wfile.write(self.server.body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()


def mlflow_error(code: str, message: str) -> bytes:
    return json.dumps({"error_code": code, "message": message}).encode()


def test_a_server_that_is_away_is_unavailable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(TrackingUnavailable, match="cannot be reached") as caught:
        TrackingClient(uri=uri, token="s3cret").ensure_experiment("x")
    assert "s3cret" not in repr(caught.value)


def test_a_server_that_never_answers_is_unavailable_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_TIMEOUT", httpx.Timeout(0.2))
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = TrackingClient(uri=f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(TrackingUnavailable, match="did not answer in time"):
            client.run_data("x")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, mlflow_error("INTERNAL_ERROR", "boom")),
        (502, b"<html>Bad gateway</html>"),
        (
            503,
            mlflow_error("TEMPORARILY_UNAVAILABLE", "(sqlite3.OperationalError) database is locked [SQL: x]"),
        ),
        (429, b""),
        (
            400,
            mlflow_error("BAD_REQUEST", "QueuePool limit of size 5 overflow 10 reached, connection timed out"),
        ),
    ],
)
def test_a_server_that_is_not_well_is_unavailable(scripted: Scripted, status: int, body: bytes) -> None:
    scripted.status, scripted.body = status, body
    with pytest.raises(TrackingUnavailable, match="not well") as caught:
        TrackingClient(uri=scripted.uri).run_data("x")
    assert "sql" not in caught.value.message.lower()


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_refused_waits_for_an_operator(scripted: Scripted, status: int) -> None:
    scripted.status = status
    with pytest.raises(TrackingUnavailable, match="MANTIK_MLFLOW_TOKEN") as caught:
        TrackingClient(uri=scripted.uri, token="s3cret").run_data("x")
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Welcome</html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"run": {"info": null}}'),
        (302, b""),
        (404, b"<html>404</html>"),
        (404, b'{"detail": "Not Found"}'),
    ],
)
def test_something_that_is_not_mlflow_is_told_apart(scripted: Scripted, status: int, body: bytes) -> None:
    scripted.status, scripted.body = status, body
    with pytest.raises(TrackingUnavailable, match="MANTIK_MLFLOW_URI"):
        TrackingClient(uri=scripted.uri).run_data("x")


def test_texts_of_the_database_are_not_passed_on(scripted: Scripted) -> None:
    scripted.status = 400
    scripted.body = mlflow_error("BAD_REQUEST", "(psycopg.errors.StringDataRightTruncation) [SQL: INSERT INTO x]")
    with pytest.raises(TrackingRefused) as caught:
        TrackingClient(uri=scripted.uri).create_run("1", name="x", tags={}, start_time=START)
    assert caught.value.message == "MLflow refused to make a run."


def test_words_for_people_are_passed_on(scripted: Scripted) -> None:
    scripted.status = 400
    scripted.body = mlflow_error("INVALID_PARAMETER_VALUE", "Invalid experiment name.")
    with pytest.raises(TrackingRefused) as caught:
        TrackingClient(uri=scripted.uri).create_run("1", name="x", tags={}, start_time=START)
    assert caught.value.message == "MLflow refused to make a run: Invalid experiment name."


def test_a_question_is_repeated_once_when_the_connection_breaks(scripted: Scripted) -> None:
    scripted.body = b'{"files": []}'
    scripted.drops = 1
    assert TrackingClient(uri=scripted.uri).artifacts("x") == []
    assert len(scripted.seen) == 2


def test_a_change_is_never_repeated_by_itself(scripted: Scripted) -> None:
    scripted.drops = 1
    with pytest.raises(TrackingUnavailable, match="broke off"):
        TrackingClient(uri=scripted.uri).create_run("1", name="x", tags={}, start_time=START)
    assert len(scripted.seen) == 1


def test_the_token_is_sent_as_a_header_only(scripted: Scripted) -> None:
    scripted.body = b'{"files": []}'
    TrackingClient(uri=scripted.uri, token="s3cret").artifacts("x")
    assert scripted.seen[0]["Authorization"] == "Bearer s3cret"


def test_an_artifact_that_breaks_off_is_an_error(scripted: Scripted) -> None:
    scripted.body = b"x" * 100
    client = TrackingClient(uri=scripted.uri)
    with client.open_artifact("x", "y") as (size, pieces):
        assert (size, b"".join(pieces)) == (100, b"x" * 100)
    scripted.drops = 1
    with pytest.raises(TrackingUnavailable), client.open_artifact("x", "y"):
        pass
