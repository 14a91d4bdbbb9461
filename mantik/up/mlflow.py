"""The MLflow server, unless the settings name one."""

from __future__ import annotations

from pathlib import Path

from connections.mlflow.server import is_ready, server_command, server_environment
from mantik.lib.development import mlflow_token, mlflow_token_file
from mantik.up.ports import LOOPBACK
from mantik.up.service_process import Service


def mlflow_uri(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def has_data(data_dir: Path) -> bool:
    """Whether MLflow, or Mantik without it, has run here before."""
    return any((data_dir / "mlflow").glob("*")) or any(data_dir.glob("*.sqlite3"))


def mlflow_service(*, port: int, data_dir: Path) -> Service:
    """The server and its token, which is stored in the data directory."""
    files = data_dir / "mlflow"
    files.mkdir(parents=True, exist_ok=True)
    return Service(
        "mlflow",
        server_command(port=port, data_dir=files),
        server_environment(port=port, data_dir=files) | token_environment(data_dir),
        is_ready=lambda: is_ready(mlflow_uri(port), token=mlflow_token(data_dir)),
        # Importing it alone takes seconds, and a slow disk doubles that.
        patience=120,
    )


def token_environment(data_dir: Path) -> dict[str, str]:
    """Variables that lead to the token's file. A token in our own environment is already in that file."""
    return {"MANTIK_MLFLOW_TOKEN": "", "MANTIK_MLFLOW_TOKEN_FILE": str(mlflow_token_file(data_dir))}
