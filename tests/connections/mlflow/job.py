"""What a job does to its MLflow run, with plain requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from tests.support.mlflow_server import HEADERS, MlflowServer


class Job:
    def __init__(self, server: MlflowServer, run_id: str) -> None:
        self.server = server
        self.run_id = run_id

    def log(
        self, metrics: Iterable[tuple[str, float | str, int]] = (), params: Mapping[str, str] | None = None
    ) -> None:
        """Metrics as (key, value, step)."""
        self._post(
            "runs/log-batch",
            {
                "run_id": self.run_id,
                "metrics": [
                    {"key": key, "value": value, "step": step, "timestamp": 1_700_000_000_000 + number}
                    for number, (key, value, step) in enumerate(metrics)
                ],
                "params": [{"key": key, "value": value} for key, value in (params or {}).items()],
            },
        )

    def end(self, status: str) -> None:
        self._post("runs/update", {"run_id": self.run_id, "status": status})

    def put(self, path: str, content: bytes) -> None:
        run = httpx.get(
            f"{self.server.uri}/api/2.0/mlflow/runs/get",
            params={"run_id": self.run_id},
            headers=HEADERS,
            trust_env=False,
        ).json()["run"]
        root = run["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/").strip("/")
        url = f"{self.server.uri}/api/2.0/mlflow-artifacts/artifacts/{root}/{path}"
        httpx.put(url, content=content, headers=HEADERS, trust_env=False, timeout=30).raise_for_status()

    def _post(self, call: str, body: dict[str, Any]) -> None:
        url = f"{self.server.uri}/api/2.0/mlflow/{call}"
        httpx.post(url, json=body, headers=HEADERS, trust_env=False, timeout=30).raise_for_status()
