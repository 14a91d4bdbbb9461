"""One small MLflow server: a single process that keeps everything under one directory and answers nobody but Mantik.

`python -m connections.mlflow.server --port N --data-dir DIR` runs it in the foreground. The `mlflow server` command
would add a supervising process of 200 MB and, by default, three more workers and a job runner; and it would answer
everybody.

The module reads MANTIK_MLFLOW_TOKEN, the secret that every request has to carry, and MANTIK_MLFLOW_DATABASE_URL, by
default an SQLite file in DIR. Both may come from files (mantik/lib/env.py).
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import uuid
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from django.core.exceptions import ImproperlyConfigured

from connections.mlflow.paths import HEALTH
from mantik.lib.env import Environment
from mantik.lib.hiding import hidden
from mantik.lib.strength import strong_token

# The settings that it reads from the environment, without the prefix.
SETTINGS = ("MLFLOW_TOKEN", "MLFLOW_DATABASE_URL")
_TOP = Path(__file__).resolve().parent.parent.parent


def server_command(*, port: int, data_dir: Path, host: str = "127.0.0.1") -> list[str]:
    """The command that starts the server. Run it with `server_environment` and a token.

    /health answers 200 when the server is ready.
    """
    options = ["--host", host, "--port", str(port), "--data-dir", str(data_dir)]
    return [sys.executable, "-m", "connections.mlflow.server", *options]


def server_environment(
    *, port: int, data_dir: Path, host: str = "127.0.0.1", names: tuple[str, ...] = (), database_url: str = ""
) -> dict[str, str]:
    """What `server_command` needs in its environment. `names` are further names that the server answers to."""
    # Writers queue up for seconds when many jobs log at once; sqlite's own patience is 5.
    database = database_url or f"sqlite:///{_database(data_dir)}?timeout=60"
    return {
        # So that the command finds this package in whichever directory it is started.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_TOP), os.environ.get("PYTHONPATH", "")])),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_MODEL_CATALOG_URI": "",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # Exact names: MLflow's default allows whole private networks, and names that begin like an address in one.
        "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(f"{name}:{port}" for name in (host, "localhost", *names)),
        # 40 requests run at a time, and each may hold two connections. With fewer they would wait for each other.
        "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "50",
        "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": "50",
        # The names under which `mlflow server` passes its options to its workers.
        "_MLFLOW_SERVER_FILE_STORE": database,
        "_MLFLOW_SERVER_REGISTRY_STORE": database,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(_artifacts(data_dir)),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_BOOT_ID": uuid.uuid4().hex,
        "_MLFLOW_SGI_NAME": "uvicorn",
        "_MLFLOW_IN_JOB_EXECUTOR": "false",
    }


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    try:
        token, database_url = _secrets()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    os.environ.update(
        server_environment(
            port=options.port,
            data_dir=options.data_dir,
            host=options.host,
            names=tuple(options.name),
            database_url=database_url,
        )
    )
    _prepare(options.data_dir, is_sqlite=not database_url)
    _serve(options.host, options.port, token)


def is_ready(uri: str, *, token: str) -> bool:
    """Whether the server at `uri` answers whoever has `token`."""
    request = Request(f"{uri}{HEALTH}", headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - ours, over HTTP
    try:
        # Directly: a proxy in the environment is for hosts outside.
        with build_opener(ProxyHandler({})).open(request, timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m connections.mlflow.server")
    parser.add_argument("--host", default="127.0.0.1", help="the address it listens on; default: %(default)s")
    parser.add_argument("--name", action="append", default=[], help="a further name that it answers to")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data-dir", type=Path, required=True, help="where artifacts and the SQLite file lie")
    return parser.parse_args(arguments)


def _secrets() -> tuple[str, str]:
    """The token and the URL of the database. Raises ImproperlyConfigured."""
    env = Environment(os.environ)
    token_name, database_name = SETTINGS
    token = env.parsed(token_name, env.required(token_name), strong_token, "")
    database_url = env.text(database_name)
    env.complain()
    return token, database_url


def _serve(host: str, port: int, token: str) -> None:
    import uvicorn

    # MLflow's client reads tables with it, and a server none. It would take 45 MB.
    with hidden("pyarrow"):
        from mlflow.server.fastapi_app import app
        from mlflow.server.handlers import initialize_backend_stores

    from connections.mlflow.confinement import confine
    from connections.mlflow.file_route import with_files
    from connections.mlflow.guard import guarded
    from connections.mlflow.schema import objection

    if refusal := objection(os.environ["_MLFLOW_SERVER_FILE_STORE"]):
        sys.exit(refusal)
    root = Path(os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"])
    confine(root)
    # Before the first request: several requests at once would all try to make the tables.
    stores = (os.environ["_MLFLOW_SERVER_FILE_STORE"], os.environ["_MLFLOW_SERVER_REGISTRY_STORE"])
    initialize_backend_stores(*stores, os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"])
    uvicorn.run(
        guarded(with_files(app, root=root), token=token),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=30,
    )


def _prepare(data_dir: Path, *, is_sqlite: bool) -> None:
    _artifacts(data_dir).mkdir(parents=True, exist_ok=True)
    if not is_sqlite:
        return
    # With this mode, which the file keeps, readers and the writer do not wait for each other.
    with sqlite3.connect(_database(data_dir)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _database(data_dir: Path) -> Path:
    return data_dir.resolve() / "mlflow.sqlite3"


def _artifacts(data_dir: Path) -> Path:
    return data_dir.resolve() / "artifacts"


if __name__ == "__main__":
    main()
