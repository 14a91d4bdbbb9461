"""MLflow is away, slow, ill or something else, for what reads from it over plain HTTP and for its own client alike."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest

from connections.mlflow import transport
from connections.mlflow.control import Control
from connections.mlflow.errors import NotThere, TrackingRefused, TrackingUnavailable
from connections.mlflow.files import Files
from connections.mlflow.places import Address
from connections.mlflow.registry import Registry
from connections.mlflow.tracking import TrackingClient
from mantik.lib.loop import iterate
from tests.connections.mlflow.conftest import START
from tests.connections.mlflow.scripted import Scripted, mlflow_error, scripted_server

Ask: TypeAlias = Callable[[str], object]
RUN = "1f" * 16

ASKS: dict[str, Ask] = {
    "plain HTTP": lambda uri: TrackingClient(uri=uri, token="s3cret").run_data(RUN),
    "control": lambda uri: Control(uri=uri, token="s3cret").run_data(RUN),
    "creating": lambda uri: Control(uri=uri, token="s3cret").create_run("1", name="x", tags={}, start_time=START),
    "registry": lambda uri: Registry(uri=uri, token="s3cret").create("x", tags={}),
}


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with scripted_server() as server:
        yield server


@pytest.fixture(params=ASKS)
def ask(request: pytest.FixtureRequest) -> Ask:
    return ASKS[request.param]


def test_a_server_that_is_away_is_unavailable(ask: Ask) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(TrackingUnavailable, match="cannot be reached") as caught:
        ask(uri)
    assert "s3cret" not in repr(caught.value)


def test_a_server_that_never_answers_is_unavailable_in_time(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TIMEOUT", httpx.Timeout(0.2))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(TrackingUnavailable, match="did not answer in time"),
    ):
        ask(f"http://127.0.0.1:{server.getsockname()[1]}")


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
def test_a_server_that_is_not_well_is_unavailable(ask: Ask, scripted: Scripted, status: int, body: bytes) -> None:
    scripted.status, scripted.body = status, body
    with pytest.raises(TrackingUnavailable, match="overloaded or faulty") as caught:
        ask(scripted.uri)
    assert "sql" not in caught.value.message.lower()
    assert len(scripted.seen) == 1


@pytest.mark.parametrize("body", [b"", mlflow_error("UNAUTHENTICATED", "Send its token")])
@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_refused_waits_for_an_operator(ask: Ask, scripted: Scripted, status: int, body: bytes) -> None:
    scripted.status, scripted.body = status, body
    with pytest.raises(TrackingUnavailable, match="MANTIK_MLFLOW_TOKEN") as caught:
        ask(scripted.uri)
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Welcome</html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"run": {"info": null}}'),
        (200, b'{"run": 5, "registered_model": 5}'),
        (302, b""),
        (404, b"<html>404</html>"),
        (404, b'{"detail": "Not Found"}'),
    ],
)
def test_something_that_is_not_mlflow_is_told_apart(ask: Ask, scripted: Scripted, status: int, body: bytes) -> None:
    scripted.status, scripted.body = status, body
    with pytest.raises(TrackingUnavailable, match="MANTIK_MLFLOW_URI"):
        ask(scripted.uri)
    assert len(scripted.seen) == 1


def test_what_is_not_there_is_told_apart(ask: Ask, scripted: Scripted) -> None:
    scripted.status, scripted.body = 404, mlflow_error("RESOURCE_DOES_NOT_EXIST", "Run with id=x not found")
    with pytest.raises(NotThere, match="it is not there"):
        ask(scripted.uri)


def test_texts_of_the_database_are_not_passed_on(ask: Ask, scripted: Scripted) -> None:
    scripted.status = 400
    scripted.body = mlflow_error("BAD_REQUEST", "(psycopg.errors.StringDataRightTruncation) [SQL: INSERT INTO x]")
    with pytest.raises(TrackingRefused, match=r"^MLflow refused to [\w ]+\.$"):
        ask(scripted.uri)


def test_words_for_people_are_passed_on(ask: Ask, scripted: Scripted) -> None:
    scripted.status = 400
    scripted.body = mlflow_error("INVALID_PARAMETER_VALUE", "Invalid name.")
    with pytest.raises(TrackingRefused, match=r"^MLflow refused to [\w ]+: Invalid name\.$"):
        ask(scripted.uri)


def test_a_question_over_plain_http_is_repeated_once_when_the_connection_breaks(scripted: Scripted) -> None:
    scripted.body = b'{"files": []}'
    scripted.drops = 1
    assert TrackingClient(uri=scripted.uri).artifacts("x") == []
    assert len(scripted.seen) == 2


@pytest.mark.parametrize("name", ["control", "creating", "registry"])
def test_mlflows_client_never_sends_anything_twice(scripted: Scripted, name: str) -> None:
    scripted.drops = 1
    with pytest.raises(TrackingUnavailable, match="was lost"):
        ASKS[name](scripted.uri)
    assert len(scripted.seen) == 1


def test_the_token_is_sent_as_a_header_and_is_in_no_environment(ask: Ask, scripted: Scripted) -> None:
    with pytest.raises(TrackingUnavailable):
        ask(scripted.uri)
    assert scripted.seen[0]["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in str(os.environ)


def test_each_client_sends_its_own_token(scripted: Scripted) -> None:
    first, second = Control(uri=scripted.uri, token="first"), Control(uri=scripted.uri, token="second")
    for client in (first, second, first):
        client.delete_run(RUN)
    assert [seen["Authorization"] for seen in scripted.seen] == ["Bearer first", "Bearer second", "Bearer first"]


def test_no_login_and_no_proxy_of_the_machine_comes_between(
    ask: Ask, scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password else\n")
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = somebody\nmlflow_tracking_password = else\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "another")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.org")
    with pytest.raises(TrackingUnavailable, match="MANTIK_MLFLOW_URI"):
        ask(scripted.uri)
    assert scripted.seen[0]["Authorization"] == "Bearer s3cret"


def test_a_file_that_is_not_there_is_told_apart(scripted: Scripted) -> None:
    scripted.status, scripted.body = 404, mlflow_error("RESOURCE_DOES_NOT_EXIST", "No such artifact")
    with pytest.raises(NotThere, match="MLflow could not hand out a file: it is not there"):
        Files(uri=scripted.uri, token="s3cret").open_now(Address("/x"))
    assert scripted.seen[0]["Authorization"] == "Bearer s3cret"


def test_a_file_that_breaks_off_is_an_error(scripted: Scripted) -> None:
    scripted.body = b"x" * 100
    files = Files(uri=scripted.uri)
    file = files.open_now(Address("/x"))
    assert (file.size, b"".join(iterate(file.pieces))) == (100, b"x" * 100)
    scripted.drops = 1
    with pytest.raises(TrackingUnavailable):
        files.open_now(Address("/x"))
