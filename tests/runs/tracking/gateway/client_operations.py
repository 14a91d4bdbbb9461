"""What MLflow's own client can do, each tried once: a program for any version of it, without anything else of ours.

`MLFLOW_TRACKING_URI`, `MLFLOW_TRACKING_TOKEN` and `EXPERIMENT` say where; `OTHERS` may hold what belongs to somebody
else, as JSON. It prints {"<operation>": "ok" or "<error>: <message>"}.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow as installed

# Of whichever version: types of one would not be those of the others.
mlflow: Any = installed

RESULTS: dict[str, str] = {}
EXPERIMENT = os.environ["EXPERIMENT"]
MODEL = os.environ.get("MODEL", "")
IS_3 = int(mlflow.__version__.split(".")[0]) >= 3


def operation(call: Callable[[], Any]) -> Callable[[], Any]:
    """Runs it at once, and notes how it went. What it returns stands for its name afterwards."""
    name = call.__name__
    try:
        found = call()
    except Exception as error:  # noqa: BLE001 - that is what is looked at
        RESULTS[name] = f"{type(error).__name__}: {error}"
        if os.environ.get("TRACEBACKS"):
            traceback.print_exc()
        return lambda: None
    RESULTS[name] = "ok"
    return lambda: found


client: Any = mlflow.MlflowClient()


@operation
def set_experiment() -> Any:
    return mlflow.set_experiment(EXPERIMENT)


experiment = set_experiment()
experiment_id = experiment.experiment_id if experiment else "0"


@operation
def get_experiment() -> None:
    assert client.get_experiment(experiment_id).experiment_id == experiment_id


@operation
def get_experiment_by_name() -> None:
    assert client.get_experiment_by_name(EXPERIMENT).experiment_id == experiment_id


@operation
def search_experiments() -> None:
    assert experiment_id in [one.experiment_id for one in client.search_experiments()]


@operation
def create_experiment() -> None:
    assert client.create_experiment(os.environ.get("NEW_EXPERIMENT", "Made by a client"))


@operation
def create_run() -> Any:
    return client.create_run(experiment_id).info.run_id


@operation
def start_run() -> Any:
    with mlflow.start_run(run_name="from a client") as run:
        return run.info.run_id


finished = start_run()


@operation
def log_to_a_finished_run() -> None:
    client.log_metric(finished, "late", 1.0)


def _begin() -> Any:
    return mlflow.start_run(run_name="logged to")


try:
    run = _begin()
    run_id = run.info.run_id
except Exception:  # noqa: BLE001
    run, run_id = None, "0" * 32


@operation
def log_param() -> None:
    mlflow.log_param("rate", 0.1)
    mlflow.log_params({"layers": 3, "kind": "ü"})


@operation
def log_param_again() -> None:
    mlflow.log_param("rate", 0.1)


@operation
def log_metric() -> None:
    for step in range(3):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    mlflow.log_metric("odd", math.nan)
    mlflow.log_metric("odd", math.inf)


@operation
def log_batch() -> None:
    from mlflow.entities import Metric, Param, RunTag

    client.log_batch(
        run_id,
        metrics=[Metric("accuracy", 0.5 + step / 100, 1_700_000_000_000 + step, step) for step in range(50)],
        params=[Param("batch", "64")],
        tags=[RunTag("team", "blue")],
    )


@operation
def set_tag() -> None:
    mlflow.set_tag("note", "with ü and 漢字")


@operation
def delete_tag() -> None:
    mlflow.set_tag("gone", "1")
    mlflow.delete_tag("gone")


@operation
def set_tag_of_mantik() -> None:
    mlflow.set_tag("mantik.run", "stolen")


@operation
def log_text() -> None:
    mlflow.log_text("hello", "texts/hello.txt")


@operation
def log_empty_file() -> None:
    mlflow.log_text("", "empty.txt")


@operation
def log_dict() -> None:
    mlflow.log_dict({"a": 1}, "conf/with space and ü.json")


@operation
def log_artifacts() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(5):
            Path(folder, f"{number}.bin").write_bytes(bytes([number]) * 100_000)
        mlflow.log_artifacts(folder, "many")


@operation
def nested_run() -> None:
    with mlflow.start_run(nested=True) as child:
        mlflow.log_metric("inner", 1.0)
    assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == run_id


@operation
def get_parent_run() -> None:
    with mlflow.start_run(nested=True) as child:
        pass
    assert mlflow.get_parent_run(child.info.run_id).info.run_id == run_id


@operation
def log_input() -> None:
    from mlflow.data.http_dataset_source import HTTPDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    source: Any = HTTPDatasetSource
    dataset: Any = MetaDataset
    mlflow.log_input(dataset(source("https://example.org/data.csv"), name="data"), context="training")


@operation
def log_model() -> None:
    class Doubler(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - MLflow's names
            return model_input

    options = {"name": "model"} if IS_3 else {"artifact_path": "model"}
    mlflow.pyfunc.log_model(python_model=Doubler(), pip_requirements=["mlflow"], **options)


@operation
def load_model() -> None:
    mlflow.pyfunc.load_model(f"runs:/{run_id}/model")


@operation
def log_model_and_register() -> None:
    class Same(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - MLflow's names
            return model_input

    options = {"name": "other"} if IS_3 else {"artifact_path": "other"}
    mlflow.pyfunc.log_model(python_model=Same(), pip_requirements=["mlflow"], registered_model_name="mine", **options)


@operation
def asynchronous_logging() -> None:
    mlflow.log_metric("later", 1.0, synchronous=False).wait()


@operation
def get_run() -> None:
    found = client.get_run(run_id)
    assert found.data.params["rate"] == "0.1"
    assert found.data.tags["note"] == "with ü and 漢字"


@operation
def get_metric_history() -> None:
    assert [point.step for point in client.get_metric_history(run_id, "loss")] == [0, 1, 2]


@operation
def search_runs() -> None:
    assert run_id in [one.info.run_id for one in client.search_runs([experiment_id])]


@operation
def search_runs_with_a_filter() -> None:
    found = client.search_runs([experiment_id], "metrics.accuracy > 0.9", order_by=["metrics.accuracy DESC"])
    assert [one.info.run_id for one in found] == [run_id]


@operation
def list_artifacts() -> None:
    assert {one.path for one in client.list_artifacts(run_id)} >= {"texts", "empty.txt", "conf", "many"}
    assert [one.path for one in client.list_artifacts(run_id, "texts")] == ["texts/hello.txt"]


@operation
def download_artifacts() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="many", dst_path=folder)
        assert Path(path, "3.bin").read_bytes() == b"\3" * 100_000
        path = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path="conf/with space and ü.json", dst_path=folder
        )
        assert json.loads(Path(path).read_text()) == {"a": 1}
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="empty.txt", dst_path=folder)
        assert Path(path).read_bytes() == b""


@operation
def search_logged_models() -> None:
    assert client.search_logged_models([experiment_id])


@operation
def tag_a_logged_model() -> None:
    [found, *_] = client.search_logged_models([experiment_id])
    client.set_logged_model_tags(found.model_id, {"stage": "new"})
    client.delete_logged_model_tag(found.model_id, "stage")


@operation
def end_run() -> None:
    mlflow.end_run()
    assert client.get_run(run_id).info.status == "FINISHED"


@operation
def delete_run() -> None:
    client.delete_run(run_id)


@operation
def rename_experiment() -> None:
    client.rename_experiment(experiment_id, "other")


@operation
def delete_experiment() -> None:
    client.delete_experiment(experiment_id)


@operation
def search_registered_models() -> None:
    assert not MODEL or MODEL in [one.name for one in client.search_registered_models()]


@operation
def search_model_versions() -> None:
    assert not MODEL or client.search_model_versions(f"name = '{MODEL}'")


if MODEL:

    @operation
    def get_registered_model() -> None:
        assert client.get_registered_model(MODEL).name == MODEL

    @operation
    def get_model_version() -> None:
        assert client.get_model_version(MODEL, "1").version

    @operation
    def get_latest_versions() -> None:
        assert client.get_latest_versions(MODEL)

    @operation
    def download_a_registered_model() -> None:
        mlflow.artifacts.download_artifacts(f"models:/{MODEL}/1")

    @operation
    def download_the_latest() -> None:
        mlflow.artifacts.download_artifacts(f"models:/{MODEL}/latest")

    @operation
    def download_by_alias() -> None:
        mlflow.artifacts.download_artifacts(f"models:/{MODEL}@champion")


@operation
def create_registered_model() -> None:
    client.create_registered_model("mine")


@operation
def set_alias() -> None:
    client.set_registered_model_alias(MODEL or "mine", "best", "1")


@operation
def set_version_tag() -> None:
    client.set_model_version_tag(MODEL or "mine", "1", "a", "b")


json.dump(RESULTS, sys.stdout)
