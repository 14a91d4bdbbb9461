"""What the relay refuses, what it accepts without keeping it, and who may ask."""

from __future__ import annotations

import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runs.tracking.gateway.calls.server import API_VERSION
from tests.runs.job.relay.conftest import Start
from tests.runs.job.relay.relays import API, EXPERIMENT_ID, FILES, JOURNAL, OF_RUN, PROGRAM, RUN_ID, SECRET, Relay
from tests.runs.tracking.gateway.test_traps import OLDEST_KNOWS

METRIC = {"key": "loss", "value": 0.5, "timestamp": 5, "step": 0}


# Who may ask


@pytest.mark.parametrize("secret", [None, "wrong", SECRET[:-1], SECRET + "x", ""])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_nobody_without_the_secret_is_answered(shared: Relay, secret: str | None, method: str) -> None:
    answer = shared.ask(method, f"{API}runs/get", body=b"x" * 1000, secret=secret)
    assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("token", [SECRET, "the-run-token"])
def test_a_token_is_as_good_as_the_secret(shared: Relay, token: str) -> None:
    path = f"{API}runs/get"
    assert shared.ask("GET", path, {"run_id": RUN_ID}, secret=None, Authorization=f"Bearer {token}").status == 200
    assert shared.ask("GET", path, {"run_id": RUN_ID}, secret=None, Authorization="Bearer other").status == 403
    assert shared.ask("GET", path, {"run_id": RUN_ID}, secret=None, Authorization="Basic Og==").status == 403


def test_an_empty_token_opens_nothing(start: Start) -> None:
    relay = start(token=None)
    assert relay.ask("GET", f"{API}runs/get", secret=None, Authorization="Bearer ").status == 403


def test_whoever_does_not_speak_http_is_cut_off(relay: Relay) -> None:
    for sent in (
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nno header\r\n\r\n",
        b"x" * 100_000,
    ):
        with socket.create_connection(("127.0.0.1", relay.port)) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                assert connection.recv(100) == b""
    assert relay.run()


def test_the_secret_is_neither_in_the_log_nor_in_the_journal(relay: Relay) -> None:
    relay.ask("GET", f"{API}unknown")
    relay.ask("GET", f"{API}unknown", secret=None, Authorization=f"Bearer {SECRET}")
    relay.hang_up()
    assert SECRET not in relay.log()
    assert SECRET not in (relay.folder / JOURNAL).read_text()


def test_it_takes_the_rights_of_others_from_its_seed(tmp_path: Path, python: str) -> None:
    relay = Relay(tmp_path, python)
    (tmp_path / "seed.json").chmod(0o644)
    relay.start()
    assert (tmp_path / "seed.json").stat().st_mode & 0o777 == 0o600
    relay.kill()


@pytest.mark.parametrize("seed", ["", "{}", "[]", '{"run_id": "x", "nonsense": 1}'])
def test_without_a_seed_it_says_what_is_wrong(tmp_path: Path, python: str, seed: str) -> None:
    (tmp_path / "seed.json").write_text(seed)
    command = [python, "-E", "-s", "-S", str(PROGRAM), "--folder", str(tmp_path), "--journal", "x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith("[mantik] relay: cannot start: ")
    assert "Traceback" not in done.stderr


def test_it_listens_where_it_is_told(tmp_path: Path, python: str) -> None:
    relay = Relay(tmp_path, python)
    relay.address = "127.0.0.2"
    relay.start("--address", "127.0.0.2")
    assert relay.run()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", relay.port))
    relay.kill()


def test_of_two_with_one_journal_the_second_does_not_start(relay: Relay) -> None:
    command = [relay.python, str(PROGRAM), "--folder", str(relay.folder), "--journal", JOURNAL]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert len(relay.entries()) == 1


# What is refused


@pytest.mark.parametrize(
    ("path", "fields", "word"),
    [
        ("runs/log-metric", {"key": "loss", "value": "much"}, "value"),
        ("runs/log-metric", {"key": "loss", "value": True}, "value"),
        ("runs/log-metric", {"key": "loss", "value": 10**400}, "value"),
        ("runs/log-metric", {"key": "loss", "value": 1, "timestamp": "now"}, "timestamp"),
        ("runs/log-metric", {"key": "loss", "value": 1, "step": 2**63}, "step"),
        ("runs/log-metric", {"key": "", "value": 1}, "key"),
        ("runs/log-metric", {"key": "a/../b", "value": 1}, "path"),
        ("runs/log-metric", {"key": "a\nb", "value": 1}, "key"),
        ("runs/log-metric", {"key": "x" * 251, "value": 1}, "250"),
        ("runs/log-metric", {"key": 5, "value": 1}, "text"),
        ("runs/log-batch", {"metrics": {"a": 1}}, "list"),
        ("runs/log-batch", {"metrics": [5]}, "list"),
        ("runs/log-batch", {"metrics": [METRIC] * 1001}, "1000"),
        ("runs/set-tag", {"key": "mantik.run", "value": "x"}, "Mantik's own"),
        ("runs/set-tag", {"key": "half", "value": "\ud800"}, "half"),
        ("runs/set-tag", {"key": "nul", "value": "\0"}, "NUL"),
        ("runs/delete-tag", {"key": "mantik.run"}, "Mantik's own"),
        ("runs/update", {"status": "HAPPY"}, "status"),
        ("runs/log-model", {"model_json": "{"}, "JSON"),
        ("runs/search", {"filter": "nonsense"}, "filter"),
        ("runs/search", {"filter": "metrics.a > 1 OR metrics.b > 1"}, "filter"),
        ("runs/search", {"filter": "attributes.color = 'red'"}, "attribute"),
        ("runs/search", {"order_by": ["colors.red"]}, "order"),
        ("runs/search", {"max_results": 0}, "max_results"),
    ],
)
def test_what_mlflow_would_refuse_is_refused(shared: Relay, path: str, fields: dict[str, Any], word: str) -> None:
    before = shared.entries()
    answer = shared.ask("POST", API + path, {"run_id": RUN_ID, **fields})
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert word in answer.content["message"]
    assert shared.entries() == before
    assert "fault" not in shared.log()


@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b"\xff", b'{"a":' * 100_000])
def test_a_body_that_is_no_object_is_refused(shared: Relay, body: bytes) -> None:
    answer = shared.ask("POST", f"{API}runs/log-metric", body=body, Content_Type="application/json")
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")


def test_a_param_that_changes_is_refused_and_nothing_else_of_its_batch_is_kept(relay: Relay) -> None:
    relay.post("runs/log-parameter", run_id=RUN_ID, key="rate", value="0.1")
    param = {"key": "rate", "value": "0.2"}
    answer = relay.ask("POST", f"{API}runs/log-batch", {"run_id": RUN_ID, "metrics": [METRIC], "params": [param]})
    assert answer.status == 400
    assert "Changing param values is not allowed" in answer.content["message"]
    assert relay.run()["data"]["metrics"] == []


def test_long_values_are_cut(relay: Relay) -> None:
    relay.post("runs/log-parameter", run_id=RUN_ID, key="long", value="ä" * 7000)
    relay.post("runs/set-tag", run_id=RUN_ID, key="long", value="ä" * 9000)
    data = relay.run()["data"]
    assert data["params"] == [{"key": "long", "value": "ä" * 6000}]
    assert data["tags"] == [{"key": "long", "value": "ä" * 8000}]


@pytest.mark.parametrize("run_id", ["", "0" * 32, "../x"])
def test_other_runs_are_not_there(shared: Relay, run_id: str) -> None:
    for answer in (
        shared.ask("GET", f"{API}runs/get", {"run_id": run_id}),
        shared.ask("POST", f"{API}runs/log-metric", {"run_id": run_id, **METRIC}),
        shared.ask("GET", f"{API}logged-models/m-{run_id}"),
        shared.ask("GET", f"{API}registered-models/get", {"name": run_id}),
    ):
        assert answer.status == 404
        assert answer.code in ("RESOURCE_DOES_NOT_EXIST", "ENDPOINT_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "runs/delete", 403),
        ("POST", "runs/restore", 403),
        ("POST", "experiments/update", 403),
        ("POST", "experiments/delete", 403),
        ("DELETE", "logged-models/m-1", 403),
        ("DELETE", "registered-models/delete", 403),
        ("POST", "traces", 404),
        ("GET", "traces/tr-1/info", 404),
        ("GET", "metrics/get-history-bulk", 404),
        ("GET", "runs/get/", 404),
    ],
)
def test_what_is_not_offered_is_refused_in_codes_that_the_oldest_clients_know(
    shared: Relay, method: str, path: str, status: int
) -> None:
    answer = shared.ask(method, API + path, None if method == "GET" else {"run_id": RUN_ID})
    assert answer.status == status
    assert answer.code in OLDEST_KNOWS
    assert path in answer.content["message"]


def test_files_in_parts_are_refused_in_words_that_clients_know(shared: Relay) -> None:
    answer = shared.ask("POST", f"api/2.0/mlflow-artifacts/mpu/create/{OF_RUN}/a", {"path": "a"})
    assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
    assert answer.content["message"].startswith("Multipart upload is not supported for the current artifact repository")


# What is accepted and not kept


def test_an_unknown_call_goes_on_and_is_told_once(relay: Relay) -> None:
    for _ in range(3):
        assert relay.ask("POST", f"{API}experiments/set-experiment-tag", {"key": "a"}).content == {}
        assert relay.ask("GET", f"{API}unknown").status == 404
    relay.hang_up()
    assert relay.log().count("set-experiment-tag") == relay.log().count("mlflow/unknown") == 1
    [end] = relay.of_kind("end")
    assert end["unknown"] == {f"POST {API}experiments/set-experiment-tag": 3, f"GET {API}unknown": 3}
    assert end["requests"] == 6


# Runs and experiments


def test_every_experiment_is_that_of_the_job(relay: Relay) -> None:
    found = relay.get("experiments/get-by-name", experiment_name="mine")["experiment"]
    assert (found["experiment_id"], found["name"]) == (EXPERIMENT_ID, "mine")
    assert relay.post("experiments/create", name="mine") == {"experiment_id": EXPERIMENT_ID}
    assert relay.get("experiments/get", experiment_id="0")["experiment"]["experiment_id"] == EXPERIMENT_ID
    assert [entry["name"] for entry in relay.of_kind("experiment")] == ["mine"]


def test_every_run_is_below_that_of_the_job(relay: Relay) -> None:
    tags = [{"key": "mantik.run", "value": "stolen"}, {"key": "mlflow.parentRunId", "value": "0" * 32}]
    for sent in ([], tags):
        run = relay.post("runs/create", experiment_id="0", tags=sent)["run"]
        assert run["info"]["experiment_id"] == EXPERIMENT_ID
        found = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
        assert found == {"mlflow.parentRunId": RUN_ID, "mlflow.runName": run["info"]["run_name"]}
    tag = {"run_id": run["info"]["run_id"], "key": "mlflow.parentRunId", "value": "0" * 32}
    assert relay.ask("POST", f"{API}runs/set-tag", tag).status == 404


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("", {"a", "b", "c"}),
        ("metrics.score > 1", {"b", "c"}),
        ("metrics.score >= 1 and metrics.score != 2", {"a", "c"}),
        ("params.kind = 'x' AND tags.`my tag` LIKE '%1%'", {"a"}),
        ("params.kind ILIKE 'X'", {"a", "b"}),
        ("params.kind NOT LIKE 'x'", {"c"}),
        ("attributes.run_name IN ('a', 'c')", {"a", "c"}),
        ("attributes.run_name NOT IN ('a', 'c') and metrics.score < 9", {"b"}),
        ('tags."my tag" IS NULL', {"b", "c"}),
        ("tags.`my tag` IS NOT NULL", {"a"}),
        ("attributes.status = 'RUNNING' and start_time >= 2", {"b", "c"}),
        ("metrics.`other score` = 7", {"c"}),
    ],
)
def test_runs_are_found_by_what_was_logged(relay: Relay, condition: str, found: set[str]) -> None:
    for step, (name, kind) in enumerate((("a", "x"), ("b", "x"), ("c", "y")), 1):
        run_id = relay.post("runs/create", run_name=name, start_time=step)["run"]["info"]["run_id"]
        metrics = [{"key": "score", "value": step, "timestamp": 1, "step": 0}]
        metrics += [{"key": "other score", "value": 7, "timestamp": 1, "step": 0}] if name == "c" else []
        tags = [{"key": "my tag", "value": "v1.0"}] if name == "a" else []
        params = [{"key": "kind", "value": kind}]
        relay.post("runs/log-batch", run_id=run_id, metrics=metrics, params=params, tags=tags)
    runs = relay.post("runs/search", filter=condition, order_by=["metrics.score DESC"])["runs"]
    names = [run["info"]["run_name"] for run in runs if run["info"]["run_id"] != RUN_ID]
    assert names == sorted(found, reverse=True)
    page = relay.post("runs/search", filter="metrics.score > 0", order_by=["params.kind", "start_time"], max_results=2)
    assert [run["info"]["run_name"] for run in page["runs"]] == ["a", "b"]
    rest = relay.post("runs/search", filter="metrics.score > 0", max_results=2, page_token=page["next_page_token"])
    assert len(rest["runs"]) == 1


def test_it_says_it_is_the_version_of_the_gateway(shared: Relay) -> None:
    assert shared.ask("GET", "version").body.decode() == API_VERSION
    assert shared.ask("GET", "api/3.0/mlflow/server-info").content["multipart_uploads_enabled"] is False
    assert shared.ask("GET", "health").body == b"OK"


def test_a_body_that_is_announced_is_waited_for(relay: Relay) -> None:
    """As curl sends larger ones."""
    with socket.create_connection(("127.0.0.1", relay.port), timeout=10) as connection:
        head = f"PUT /{SECRET}/{FILES}/{OF_RUN}/a HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"xyz")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
    assert relay.file("a") == b"xyz"


def test_many_connections_at_once(relay: Relay) -> None:
    connections = [relay.connect() for _ in range(200)]
    for connection in connections:
        connection.connect()
    assert relay.run()
    for connection in connections:
        connection.close()
