"""Requests that another reader could take differently, and an MLflow that does not answer as MLflow does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pytest_django.fixtures import Settings

from projects.roles import Role
from runs.models import Run, TrackedItem
from runs.states import RunState
from tests.runs.tracking.gateway.asking import API, Answer, Call, ask, token_of_job, token_of_member
from tests.support import factories

pytestmark = pytest.mark.django_db
RUN_ID, MODEL_ID = "ab" * 16, f"m-{'cd' * 16}"
FILES = "api/2.0/mlflow-artifacts/artifacts"
# Of mlflow 2.2.2, the oldest client that is in use: it ends in an exception of its own at any other.
OLDEST_KNOWS = {
    *("PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "ENDPOINT_NOT_FOUND", "BAD_REQUEST"),
    *("RESOURCE_ALREADY_EXISTS", "TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR", "INVALID_STATE"),
}
BAD_PATHS = [
    *("..", "../x", "a/../b", "a/./b", "a//b", "a/", "%2e%2e/x", "%252fx", "a\\b", "..\\x", "a%00", "a\x01b", ""),
]
NO_ROUTES = [
    *("api/2.0/mlflow/runs/get/", "API/2.0/mlflow/runs/get", "api/2.0/mlflow/Runs/get", "api/2.0//mlflow/runs/get"),
    *(
        "api/2.0mlflow/runs/get",
        "api/3.0/mlflow/runs/get",
        "ajax-api/2.0/mlflow/runs/get",
        "x/../api/2.0/mlflow/runs/get",
    ),
]


@pytest.fixture
def run(settings: Settings) -> Run:
    """Running, in an MLflow where nobody is."""
    settings.MANTIK_MLFLOW_URI = "http://127.0.0.1:9"
    made = factories.make_run(RunState.RUNNING, mlflow_experiment_id="7", mlflow_run_id=RUN_ID)
    made.tracked_items.create(kind=TrackedItem.Kind.MODEL, mlflow_id=MODEL_ID, created_at=made.created_at)
    return made


@pytest.fixture
def token(run: Run) -> str:
    return token_of_job(run)


def refused(answer: Answer) -> tuple[int, str]:
    assert answer.code in OLDEST_KNOWS
    return answer.status, answer.code


@pytest.mark.parametrize("path", BAD_PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_path_has_one_spelling(token: str, method: str, path: str) -> None:
    answer = ask(token, Call(method, f"{FILES}/7/{RUN_ID}/artifacts/{path}", body=b"x" if method == "PUT" else None))
    assert refused(answer) in ((400, "INVALID_PARAMETER_VALUE"), (404, "RESOURCE_DOES_NOT_EXIST"))


@pytest.mark.parametrize("path", NO_ROUTES)
def test_a_route_has_one_spelling(token: str, path: str) -> None:
    assert refused(ask(token, Call("GET", path, {"run_id": RUN_ID}))) == (404, "ENDPOINT_NOT_FOUND")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "POST"])
def test_other_methods_are_other_calls(token: str, method: str) -> None:
    assert ask(token, Call(method, f"{API}runs/get", {"run_id": RUN_ID})).status == 404


@pytest.mark.parametrize("key", [".", "..", "mantik.id", "mantik.run"])
def test_the_key_of_a_tag_leads_nowhere_else(token: str, key: str) -> None:
    """It stands in an address, where `..` would make of the call one that deletes the model."""
    assert refused(ask(token, Call("DELETE", f"{API}logged-models/{MODEL_ID}/tags/{key}")))[0] == 400


@pytest.mark.parametrize("call", ["runs/set-tag", "runs/log-batch", "runs/delete-tag"])
def test_the_tags_of_mantik_are_its_own(token: str, call: str) -> None:
    tag = {"key": "mantik.id", "value": "0" * 32}
    body = {"run_id": RUN_ID} | ({"tags": [tag]} if call == "runs/log-batch" else tag)
    assert refused(ask(token, Call("POST", f"{API}{call}", body=body))) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("name", ["mantik.seed", "mlflow.parentRunId"])
def test_a_parameter_or_a_metric_may_be_called_as_a_tag_may_not(settings: Settings, token: str, name: str) -> None:
    with answering(settings, 200, "application/json", b"{}") as asked:
        for call, value in (("runs/log-parameter", "x"), ("runs/log-metric", 1.0)):
            body = {"run_id": RUN_ID, "key": name, "value": value, "timestamp": 1}
            answer = ask(token, Call("POST", f"{API}{call}", body=body))
            assert answer.status == 200, answer.text
    assert len(asked) == 2


def test_an_address_with_thousands_of_fields_is_refused(token: str) -> None:
    query = {"run_ids": [RUN_ID] * 2000, "metric_key": "x"}
    answer = ask(token, Call("GET", f"{API}metrics/get-history-bulk-interval", query))
    assert refused(answer) == (400, "INVALID_PARAMETER_VALUE")


def test_names_of_models_lead_to_no_other_call(settings: Settings, token: str) -> None:
    with answering(settings, 200, "application/json", b'{"model": {"info": {"experiment_id": "7"}}}') as asked:
        for name in ("..", ".", "search?x", "#", "m-1", f"{MODEL_ID}?x=1", MODEL_ID.upper()):
            assert refused(ask(token, Call("GET", f"{API}logged-models/{name}")))[0] == 404
    assert asked == []


@contextmanager
def answering(settings: Settings, status: int, content_type: str, body: bytes) -> Iterator[list[str]]:
    """A server in MLflow's place that answers every request like this. Its requests."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.requestline)
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - as http.server calls it

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.MANTIK_MLFLOW_URI = f"http://127.0.0.1:{server.server_port}"
        yield asked
        server.shutdown()


POOL = b'{"error_code": "BAD_REQUEST", "message": "QueuePool limit of size 5 overflow 10 reached"}'
TRY_LATER = {
    "garbage": (200, "text/html", b"<h1>Welcome to nginx!</h1>"),
    "an error that is not MLflow's": (500, "text/html", b"<h1>Internal Server Error</h1>"),
    "an error of MLflow": (500, "application/json", b'{"error_code": "INTERNAL_ERROR", "message": "x"}'),
    "no free connection to its database": (400, "application/json", POOL),
    "another login": (401, "application/json", b'{"error_code": "UNAUTHENTICATED", "message": "x"}'),
    "a redirect": (302, "text/html", b""),
}


@pytest.mark.parametrize("given", TRY_LATER.values(), ids=TRY_LATER.keys())
def test_what_is_not_an_answer_is_to_be_tried_again(
    settings: Settings, token: str, given: tuple[int, str, bytes]
) -> None:
    with answering(settings, *given):
        calls = [
            Call("GET", f"{API}runs/get", {"run_id": RUN_ID}),
            Call("POST", f"{API}runs/search", body={}),
            Call("POST", f"{API}runs/log-metric", body={"run_id": RUN_ID, "key": "a", "value": 1}),
        ]
        for call in calls:
            answer = ask(token, call)
            assert (answer.status, answer.code) == (503, "TEMPORARILY_UNAVAILABLE")
            assert answer.headers["Retry-After"] == "5"
            assert "nginx" not in answer.text


def test_a_search_that_is_answered_with_another_object_is_to_be_tried_again(settings: Settings, token: str) -> None:
    for body in (b"[]", b'{"runs": [1]}', b'{"runs": [{"info": {}}]}', b"{"):
        with answering(settings, 200, "application/json", body):
            assert ask(token, Call("POST", f"{API}runs/search", body={})).status == 503


def test_the_words_of_a_database_are_nobody_s(settings: Settings, token: str) -> None:
    words = b'{"error_code": "BAD_REQUEST", "message": "(psycopg.errors.X) [SQL: INSERT INTO params VALUES (secret)]"}'
    with answering(settings, 400, "application/json", words):
        body = {"run_id": RUN_ID, "key": "a", "value": "b"}
        answer = ask(token, Call("POST", f"{API}runs/log-parameter", body=body))
    assert refused(answer)[0] == 400
    assert "SQL" not in answer.text
    assert "secret" not in answer.text


def test_while_mlflow_is_away_clients_are_told_to_ask_again(token: str) -> None:
    answer = ask(token, Call("GET", f"{API}runs/get", {"run_id": RUN_ID}))
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "TEMPORARILY_UNAVAILABLE", "5")


LONG = "ü" * 128
TOO_LONG = {
    "file to store": Call("PUT", f"{FILES}/7/{RUN_ID}/artifacts/{LONG}", body=b"x"),
    "file in a folder": Call("PUT", f"{FILES}/7/{RUN_ID}/artifacts/{LONG}/x", body=b"x"),
    "file to fetch": Call("GET", f"{FILES}/7/{RUN_ID}/artifacts/{LONG}"),
    "path": Call("PUT", f"{FILES}/7/{RUN_ID}/artifacts/{'/'.join(['x' * 200] * 15)}", body=b"x"),
    "file of a run": Call("GET", "get-artifact", {"run_id": RUN_ID, "path": LONG}),
    "folder": Call("GET", f"{API}artifacts/list", {"run_id": RUN_ID, "path": LONG}),
    "folder by its place": Call("GET", FILES, {"path": f"7/{RUN_ID}/artifacts/{LONG}"}),
    "folder of a model": Call(
        "GET", f"{API}logged-models/{MODEL_ID}/artifacts/directories", {"artifact_directory_path": LONG}
    ),
    "child": Call("POST", f"{API}runs/create", body={"run_name": "x" * 251}),
    "other name": Call("POST", f"{API}runs/update", body={"run_id": RUN_ID, "run_name": "x" * 251}),
    "name in a tag": Call(
        "POST", f"{API}runs/set-tag", body={"run_id": RUN_ID, "key": "mlflow.runName", "value": "x" * 251}
    ),
    "logged model": Call("POST", f"{API}logged-models", body={"source_run_id": RUN_ID, "name": "x" * 501}),
}


@pytest.mark.parametrize("call", TOO_LONG.values(), ids=TOO_LONG.keys())
def test_names_that_nothing_has_room_for_are_refused_with_a_sentence(token: str, run: Run, call: Call) -> None:
    run.experiment.mlflow_experiment_id = "7"
    run.experiment.save()
    answer = ask(token, call)
    assert refused(answer) == (400, "INVALID_PARAMETER_VALUE")
    assert " at most." in answer.text


def test_the_name_of_an_experiment_is_refused_with_a_sentence(run: Run) -> None:
    token = token_of_member(factories.join(run.project, Role.OWNER))
    name = f"{run.project.slug}/{'x' * 300}"
    answer = ask(token, Call("POST", f"{API}experiments/create", body={"name": name}))
    assert refused(answer)[0] == 400
    assert "1 to 80 characters" in answer.text
    assert ask(token, Call("GET", f"{API}experiments/get-by-name", {"experiment_name": name})).status == 404


PATTERNS = ("%a" * 2_000 + "b", "%a" * 40_000 + "b", "' AND name LIKE '" * 10_000)


@pytest.mark.parametrize("pattern", PATTERNS, ids=["many", "too many", "conditions"])
@pytest.mark.parametrize("where", ["experiments", "registered-models", "model-versions"])
def test_a_pattern_keeps_nobody_busy(run: Run, where: str, pattern: str) -> None:
    run.experiment.name, run.experiment.mlflow_experiment_id = "a" * 80, "7"
    run.experiment.save()
    token = token_of_member(factories.join(run.project, Role.OWNER))
    for comparison in ("LIKE", "ILIKE"):
        query = {"filter": f"name {comparison} '{pattern}'"}
        call = (
            Call("POST", f"{API}{where}/search", body=query)
            if where == "experiments"
            else Call("GET", f"{API}{where}/search", query)
        )
        assert ask(token, call).status in (200, 400)
