"""One small MLflow server: a single process that keeps everything under one directory.

`python -m connections.mlflow.server --port N --data-dir DIR` runs it in the foreground. The `mlflow server`
command would add a supervising process of 200 MB, and by default three more workers and a job runner.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import uuid
from pathlib import Path

_TOP = Path(__file__).resolve().parent.parent.parent


def server_command(*, port: int, data_dir: Path, host: str = "127.0.0.1") -> list[str]:
    """Starts the server; /health answers 200 when it is ready. Run it with server_environment."""
    options = ["--host", host, "--port", str(port), "--data-dir", str(data_dir)]
    return [sys.executable, "-m", "connections.mlflow.server", *options]


def server_environment(*, port: int, data_dir: Path, host: str = "127.0.0.1") -> dict[str, str]:
    """What to add to the environment of server_command."""
    # Writers queue up for seconds when many jobs log at once; sqlite's own patience is 5.
    database = f"sqlite:///{_database(data_dir)}?timeout=60"
    return {
        # The command is a module of this package, wherever it is started.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_TOP), os.environ.get("PYTHONPATH", "")])),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_MODEL_CATALOG_URI": "",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # Exact: the defaults let in whole private networks, and names that begin like them.
        "MLFLOW_SERVER_ALLOWED_HOSTS": f"{host}:{port},localhost:{port}",
        # A request may hold two connections, and 40 run at a time: with fewer they lock each other out.
        "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "50",
        "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": "50",
        # The names that `mlflow server` hands its options over with.
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
    parser = argparse.ArgumentParser(prog="python -m connections.mlflow.server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    os.environ.update(server_environment(port=options.port, data_dir=options.data_dir, host=options.host))
    _prepare(options.data_dir)
    _serve(options.host, options.port)


def _serve(host: str, port: int) -> None:
    import uvicorn
    from mlflow.server.handlers import initialize_backend_stores

    # Before the first request: several at once would all make the tables.
    stores = (os.environ["_MLFLOW_SERVER_FILE_STORE"], os.environ["_MLFLOW_SERVER_REGISTRY_STORE"])
    initialize_backend_stores(*stores, os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"])
    uvicorn.run(
        "mlflow.server.fastapi_app:app",
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=30,
    )


def _prepare(data_dir: Path) -> None:
    _artifacts(data_dir).mkdir(parents=True, exist_ok=True)
    # Kept in the file: readers and the writer no longer wait for each other.
    with sqlite3.connect(_database(data_dir)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _database(data_dir: Path) -> Path:
    return data_dir.resolve() / "mlflow.sqlite3"


def _artifacts(data_dir: Path) -> Path:
    return data_dir.resolve() / "artifacts"


if __name__ == "__main__":
    main()
