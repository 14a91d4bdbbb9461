"""A training that logs a model with MLflow's own client, in both of its ways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from connections.mlflow.values import ModelSource
from tests.support.mlflow_server import TOKEN

# Where the classic one is among the run's artifacts.
FOLDER = "export/line"
_TRAINING = f"""
import json, tempfile
import mlflow, numpy
from sklearn.linear_model import LinearRegression

line = LinearRegression().fit(numpy.array([[0.0], [1.0]]), numpy.array([1.0, 3.0]))
how = {{"pip_requirements": ["scikit-learn"], "input_example": numpy.array([[2.0]])}}
with mlflow.start_run():
    mlflow.log_metric("error", 0.0)
    logged = mlflow.sklearn.log_model(line, name="line", **how)
    with tempfile.TemporaryDirectory() as folder:
        mlflow.sklearn.save_model(line, folder + "/line", **how)
        mlflow.log_artifacts(folder + "/line", "{FOLDER}")
print(json.dumps([mlflow.last_active_run().info.run_id, logged.model_id]))
"""
# What the model says about 2.
ANSWER = 5.0


def train(uri: str) -> dict[str, ModelSource]:
    """Both models of one run in MLflow, by "logged" and "classic"."""
    done = python(_TRAINING, MLFLOW_TRACKING_URI=uri, MLFLOW_TRACKING_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    run_id, model_id = json.loads(done.stdout.splitlines()[-1])
    return {"logged": ModelSource(run_id, model_id=model_id), "classic": ModelSource(run_id, path=FOLDER)}


def python(code: str, *, cwd: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """`code` in a fresh interpreter, which knows MLflow and nothing of Mantik."""
    return command(sys.executable, "-c", code, cwd=cwd, **environment)


def command(
    *words: str, cwd: str | None = None, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "MANTIK_"))}
    # One refusal is enough to see; people wait for eight.
    quick = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    path = os.pathsep.join([str(Path(sys.executable).parent), clean.get("PATH", "")])
    return subprocess.run(
        words,
        env=clean | quick | {"PATH": path} | environment,
        cwd=cwd,
        input=typed,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
