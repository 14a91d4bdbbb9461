"""MLflow answers nobody but Mantik, and touches nothing but its own files, whoever asks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from connections.mlflow.control import Control
from connections.mlflow.server import is_ready, server_command, server_environment
from tests.connections.mlflow.conftest import START
from tests.connections.mlflow.job import Job
from tests.support.mlflow_server import HEADERS, TOKEN, MlflowServer, free_port

API = "/api/2.0/mlflow"
WRONG = {
    "nothing": {},
    "another token": {"Authorization": "Bearer another"},
    "a part of it": {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "more than it": {"Authorization": f"Bearer {TOKEN}x"},
    "no bearer": {"Authorization": TOKEN},
    "a password": {"Authorization": "Basic bWFudGlrOm1hbnRpaw=="},
    "another header": {"X-Authorization": f"Bearer {TOKEN}"},
}


@pytest.fixture
def http(mlflow_server: MlflowServer) -> Iterator[httpx.Client]:
    """Nobody in particular."""
    with httpx.Client(base_url=mlflow_server.uri, trust_env=False, timeout=30) as client:
        yield client


def every_route() -> list[tuple[str, str]]:
    """(method, path) of what the server that is installed knows, of both its frameworks."""
    from mlflow.server import app as flask
    from mlflow.server.fastapi_app import app as fastapi

    native = [
        (sorted(route.methods or {"GET"}), included.include_context.prefix + route.path)
        for included in fastapi.routes
        if hasattr(included, "original_router")
        for route in included.original_router.routes
    ]
    classic = [
        (sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}), str(rule)) for rule in flask.url_map.iter_rules()
    ]
    return [(method, path) for methods, path in native + classic for method in methods]


def test_no_route_of_either_framework_answers_without_the_token(http: httpx.Client) -> None:
    routes = every_route()
    assert len(routes) > 450
    paths = {path for _, path in routes}
    assert {
        "/health",
        "/graphql",
        f"{API}/runs/search",
        "/api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}",
    } <= paths
    answered = {
        f"{method} {path}": answer.status_code
        for method, path in routes
        if (answer := http.request(method, path.replace("<", "{").replace(">", "}"))).status_code != 401
    }
    assert answered == {}


@pytest.mark.parametrize("headers", WRONG.values(), ids=list(WRONG))
@pytest.mark.parametrize("path", ["/health", "/", f"{API}/experiments/search?max_results=1", "/no/such/thing"])
def test_nothing_else_will_do(http: httpx.Client, headers: dict[str, str], path: str) -> None:
    answer = http.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "UNAUTHENTICATED"
    assert "MLFLOW_TRACKING_TOKEN" in answer.json()["message"]


def test_a_token_that_is_given_twice_is_none(http: httpx.Client) -> None:
    twice = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")]
    assert http.get("/health", headers=twice).status_code == 401


def test_who_has_the_token_is_let_in(mlflow_server: MlflowServer, http: httpx.Client) -> None:
    assert http.get("/health", headers=HEADERS).status_code == 200
    assert is_ready(mlflow_server.uri, token=TOKEN)
    assert not is_ready(mlflow_server.uri, token="another")


CLOSED = (
    *("/", "/graphql", "/static-files/index.html", "/ajax-api/3.0/mlflow/assistant/config", "/api/2.0/mlflow/webhooks"),
    *("/gateway/x/mlflow/invocations", "/ajax-api/2.0/mlflow/gateway-proxy", "/ajax-api/3.0/mlflow/scorer/invoke"),
    *("/api/3.0/mlflow/mcp-servers", "/ajax-api/3.0/jobs/1", "/api/2.0/mlflow/users/create", "/no/such/thing"),
    *("/api/2.0/mlflow//webhooks", "/ajax-api/3.0/mlflow/assistant%2Fconfig", "/api/2.0/mlflow/runsx"),
)


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_with_the_token_only_what_is_needed_is_there(http: httpx.Client, method: str, path: str) -> None:
    """MLflow's assistant runs commands; its gateway and webhooks call other hosts."""
    answer = http.request(method, path, headers=HEADERS)
    assert answer.status_code == 404
    assert "is closed in Mantik" in answer.json()["message"]


def test_of_all_that_this_release_has_only_the_families_that_are_needed_are_open(http: httpx.Client) -> None:
    closed = {
        path
        for method, path in every_route()
        if "is closed in Mantik" in http.request(method, path.replace("<", "{").replace(">", "}"), headers=HEADERS).text
    }
    opened = {path for _, path in every_route()} - closed
    for family in (
        "assistant",
        "gateway",
        "webhook",
        "scorer",
        "/jobs",
        "mcp-servers",
        "graphql",
        "prompt-optimization",
    ):
        assert not [path for path in opened if family in path]
    assert {f"{API}/runs/create", f"{API}/logged-models", f"{API}/model-versions/create"} <= opened


@pytest.mark.parametrize(
    "place",
    [
        *("file:///etc", "/etc", "etc", "s3://bucket/x", "http://127.0.0.1/x", "mlflow-artifacts://127.0.0.1/x"),
        *("mlflow-artifacts:/../x", "mlflow-artifacts:/1/..", "mlflow-artifacts:/1/%2e%2e/2", "mlflow-artifacts:///x"),
        *(
            "mlflow-artifacts:/1?x=y",
            "mlflow-artifacts:/./1",
            "runs:/1",
            "models:/1",
            "MLFLOW-ARTIFACTS:/1",
            "hdfs://x/y",
        ),
    ],
)
def test_an_experiment_whose_artifacts_lie_elsewhere_is_refused(http: httpx.Client, place: str) -> None:
    for path in (f"{API}/experiments/create", "/ajax-api/2.0/mlflow/experiments/create"):
        body = {"name": str(uuid4()), "artifact_location": place}
        assert http.post(path, json=body, headers=HEADERS).status_code == 400
        camel = {"name": str(uuid4()), "artifactLocation": place}
        assert http.post(path, json=camel, headers=HEADERS).status_code == 400


@pytest.mark.parametrize(
    "place", [None, "", "mlflow-artifacts:/elsewhere", "mlflow-artifacts:/", "mlflow-artifacts:/a/b.c"]
)
def test_an_experiment_below_the_root_is_made(http: httpx.Client, place: str | None) -> None:
    body = {"name": str(uuid4()), "artifact_location": place}
    assert http.post(f"{API}/experiments/create", json=body, headers=HEADERS).status_code == 200


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of somebody else's."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret.txt").write_text("tell nobody")
    return tmp_path / "keys"


def test_an_experiment_of_before_that_lies_elsewhere_is_not_followed(
    mlflow_server: MlflowServer, http: httpx.Client, control: Control, elsewhere: Path
) -> None:
    """As a stranger made it while MLflow let everybody in."""
    run_id = _run(control)
    (elsewhere / run_id).mkdir()
    (elsewhere / run_id / "artifacts").symlink_to(elsewhere)
    _rewrite(
        mlflow_server,
        f"UPDATE runs SET artifact_uri = 'file://{elsewhere}/{run_id}/artifacts' WHERE run_uuid = ?",
        run_id,
    )

    read = http.get("/get-artifact", params={"run_id": run_id, "path": "secret.txt"}, headers=HEADERS)
    listed = http.get(f"{API}/artifacts/list", params={"run_id": run_id}, headers=HEADERS)
    put = http.post(
        "/ajax-api/2.0/mlflow/upload-artifact",
        params={"run_uuid": run_id, "path": "new.txt"},
        content=b"x",
        headers=HEADERS,
    )
    assert [answer.status_code for answer in (read, listed, put)] == [400, 400, 400]
    assert b"tell nobody" not in read.content
    assert not (elsewhere / "new.txt").exists()


@pytest.mark.parametrize("scheme", ["s3", "gs", "ftp", "sftp", "hdfs", "wasbs", "dbfs", "r2"])
def test_no_bucket_and_no_host_is_asked(
    mlflow_server: MlflowServer, http: httpx.Client, control: Control, scheme: str
) -> None:
    run_id = _run(control)
    _rewrite(mlflow_server, f"UPDATE runs SET artifact_uri = '{scheme}://127.0.0.1:9/x' WHERE run_uuid = ?", run_id)
    listed = http.get(f"{API}/artifacts/list", params={"run_id": run_id}, headers=HEADERS)
    assert listed.status_code in (400, 500)
    assert "artifact repository" in listed.text or "host" in listed.text


def test_a_link_among_the_artifacts_leads_nowhere(
    mlflow_server: MlflowServer, http: httpx.Client, control: Control, elsewhere: Path
) -> None:
    run_id = _run(control)
    Job(mlflow_server, run_id).put("here.txt", b"mine")
    place = next(mlflow_server.data_dir.glob(f"artifacts/*/{run_id}/artifacts"))
    (place / "folder").symlink_to(elsewhere)
    (place / "file.txt").symlink_to(elsewhere / "secret.txt")
    root = f"/api/2.0/mlflow-artifacts/artifacts/{place.relative_to(mlflow_server.data_dir / 'artifacts')}"

    for path in ("folder/secret.txt", "file.txt"):
        query = {"run_id": run_id, "path": path}
        for answer in (
            http.get(f"{root}/{path}", headers=HEADERS),
            http.get("/get-artifact", params=query, headers=HEADERS),
            http.put(f"{root}/{path}", content=b"overwritten", headers=HEADERS),
            http.delete(f"{root}/{path}", headers=HEADERS),
        ):
            assert answer.status_code >= 400, path
            assert b"tell nobody" not in answer.content
    assert (elsewhere / "secret.txt").read_text() == "tell nobody"
    assert http.get(f"{root}/here.txt", headers=HEADERS).content == b"mine"


@pytest.mark.parametrize(("token", "said"), [("", "are missing: MANTIK_MLFLOW_TOKEN"), ("short", "can be guessed")])
def test_it_does_not_start_without_a_secret(tmp_path: Path, token: str, said: str) -> None:
    port = free_port()
    environment = os.environ | server_environment(port=port, data_dir=tmp_path) | {"MANTIK_MLFLOW_TOKEN": token}
    environment.pop("MANTIK_MLFLOW_TOKEN_FILE")
    command = server_command(port=port, data_dir=tmp_path)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "short" not in done.stderr


def _run(control: Control) -> str:
    experiment = control.ensure_experiment(str(uuid4()))
    return control.create_run(experiment, name="x", tags={}, start_time=START)


def _rewrite(server: MlflowServer, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(server.data_dir / "mlflow.sqlite3", timeout=30)) as database, database:
        assert database.execute(statement, values).rowcount == 1
