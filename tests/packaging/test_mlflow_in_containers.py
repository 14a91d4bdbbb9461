"""MLflow as `docker-compose.yml` and the Dockerfile run it, as far as that can be tried without containers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from connections.mlflow.server import is_ready
from mantik.up.errors import UpError
from tests.packaging.test_repository import compose
from tests.support.mlflow_server import HEADERS, TOKEN, free_port
from tests.support.places import TOP
from tests.support.postgres import FOR_CRASHES, Cluster, cluster

PASSWORD = "it's a \\ secret"


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """After PostgreSQL's container has been started for the first time."""
    try:
        with cluster(careless=FOR_CRASHES) as running:
            secret = tmp_path_factory.mktemp("secrets") / "password"
            secret.write_text(f"{PASSWORD}\n")
            _psql(running.url, "CREATE ROLE mantik SUPERUSER LOGIN; CREATE DATABASE mantik OWNER mantik;")
            _psql(running.url, _script("postgres-databases.sql", secret))
            yield running
    except UpError as error:
        pytest.skip(str(error))


def _script(name: str, secret: Path) -> str:
    text = (TOP / "docker" / name).read_text()
    assert "/run/secrets/mlflow_postgres_password" in text
    return text.replace("/run/secrets/mlflow_postgres_password", str(secret))


def _psql(url: str, text: str) -> None:
    command = [shutil.which("psql") or str(_of_the_server("psql")), "--no-psqlrc", "--set=ON_ERROR_STOP=1", url]
    done = subprocess.run(command, input=text, text=True, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def _of_the_server(program: str) -> Path:
    return max(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))


def url(databases: Cluster, database: str) -> str:
    return databases.url.replace("postgres@/postgres?", f"mlflow@/{database}?")


@pytest.mark.parametrize("database", ["mantik", "postgres"])
def test_mlflows_role_reaches_no_other_database(databases: Cluster, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url(databases, database))


def test_mlflows_role_has_its_database_and_the_password_of_the_secret(databases: Cluster) -> None:
    with closing(psycopg.connect(url(databases, "mlflow"))) as own:
        own.execute("CREATE TABLE x (y int)")
        may = own.execute("SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'mlflow'")
        assert may.fetchone() == (False, False, False)
        own.rollback()
    with closing(psycopg.connect(databases.url)) as server:
        row = server.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'mlflow'").fetchone()
        assert row
        assert str(row[0]).startswith("SCRAM-SHA-256$")
        assert scram_matches(server, PASSWORD, str(row[0]))


def scram_matches(server: psycopg.Connection[Any], password: str, stored: str) -> bool:
    """Whether `stored` was made from `password`."""
    _, iterations, salt, keys = re.split(r"[$:]", stored, maxsplit=3)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return base64.b64encode(key).decode() == keys.partition(":")[0]


@contextmanager
def in_the_image(tmp_path: Path, database_url: str) -> Iterator[str]:
    """The image's command, with the files that the image has and nothing else of ours."""
    dockerfile = (TOP / "Dockerfile").read_text()
    stage = dockerfile.split(" AS mlflow\n")[1].split("\nFROM ")[0]
    for sources, target in re.findall(r"^COPY (?!--from)(.+) /opt/mantik/(\S+)$", stage, re.MULTILINE):
        for source in sources.split():
            _copy(TOP / source, tmp_path / "image" / target, into=target.endswith("/"))
    command = yaml.safe_load(re.search(r"^CMD (\[.*?\])", stage.replace("\\\n", ""), re.MULTILINE)[1])  # type: ignore[index]
    port, data = free_port(), tmp_path / "data"
    data.mkdir()
    command = [{"python": sys.executable, "5000": str(port), "/data": str(data)}.get(word, word) for word in command]
    with _running(command, tmp_path / "image", database_url) as process:
        uri = f"http://127.0.0.1:{port}"
        while not is_ready(f"http://localhost:{port}", token=TOKEN):
            assert process.poll() is None, "it has ended"
            time.sleep(0.1)
        yield uri


def _copy(source: Path, target: Path, *, into: bool) -> None:
    place = target / source.name if into else target
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place)
    else:
        shutil.copy(source, place)


@contextmanager
def _running(command: list[str], directory: Path, database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("MANTIK_", "DJANGO_", "PYTHONPATH"))
    }
    environment = own | {"MANTIK_MLFLOW_TOKEN": TOKEN, "MANTIK_MLFLOW_DATABASE_URL": database_url}
    process = subprocess.Popen(command, cwd=directory, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def test_the_image_holds_what_its_server_needs_and_keeps_everything_in_postgresql(
    databases: Cluster, tmp_path: Path
) -> None:
    database_url = url(databases, "mlflow").replace("postgresql:", "postgresql+psycopg:")
    with in_the_image(tmp_path, database_url) as uri:
        create = f"{uri}/api/2.0/mlflow/experiments/create"
        as_compose = HEADERS | {"Host": f"mlflow:{uri.rpartition(':')[2]}"}
        with httpx.Client(trust_env=False, timeout=60) as http:
            assert http.post(create, json={"name": "x"}, headers=as_compose).status_code == 200
            elsewhere = {"name": "y", "artifact_location": "file:///etc"}
            assert http.post(create, json=elsewhere, headers=as_compose).status_code == 400
            assert http.post(create, json={"name": "z"}).status_code == 401
    with closing(psycopg.connect(url(databases, "mlflow"))) as own:
        rows = own.execute("SELECT name, artifact_location FROM experiments WHERE name <> 'Default'").fetchall()
    assert rows == [("x", "mlflow-artifacts:/1")]
    assert not list((tmp_path / "data").glob("*.sqlite3*"))


def test_mlflows_network_holds_it_its_database_web_and_workers() -> None:
    services = compose()["services"]
    there = {name for name, service in services.items() if "mlflow" in service.get("networks", [])}
    assert there == {"mlflow", "postgres", "web", "worker"}
    assert services["mlflow"]["networks"] == ["mlflow"]
    assert compose()["networks"]["mlflow"] == {"internal": True}


def test_only_who_asks_mlflow_has_its_secret() -> None:
    services = compose()["services"]
    assert "mlflow_token" in services["mlflow"]["secrets"]
    assert "mlflow_database_url" not in [
        name for other in ("web", "worker", "beat") for name in services[other]["secrets"]
    ]
    assert set(services["mlflow"]["secrets"]) == {"mlflow_token", "mlflow_database_url"}
