"""The MLflow server, unless the settings name one."""

from __future__ import annotations

from pathlib import Path

from connections.mlflow.server import server_command, server_environment
from mantik.up.ports import LOOPBACK
from mantik.up.probes import http_ok
from mantik.up.process import Service


def mlflow_uri(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def mlflow_service(*, port: int, data_dir: Path) -> Service:
    files = data_dir / "mlflow"
    files.mkdir(parents=True, exist_ok=True)
    return Service(
        "mlflow",
        server_command(port=port, data_dir=files),
        server_environment(port=port, data_dir=files),
        is_ready=lambda: http_ok(f"{mlflow_uri(port)}/health"),
        # Importing it alone takes seconds, and a slow disk doubles that.
        patience=120,
    )
