"""What a training does with MLflow, each tried once: a program for any version of it, without anything else of ours.

It stands in a job: `MLFLOW_TRACKING_URI` is the relay, `MLFLOW_RUN_ID` the job's run. It prints
{"<operation>": "ok" or "<error>: <message>"}; what is missing here (a package that is not installed) is "absent".
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import os
import subprocess
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
RUN_ID = os.environ["MLFLOW_RUN_ID"]
IS_3 = int(mlflow.__version__.split(".")[0]) >= 3
NAME = "name" if IS_3 else "artifact_path"


class Absent(Exception):
    pass


def operation(call: Callable[[], Any]) -> None:
    """Runs it at once, and notes how it went."""
    try:
        call()
        RESULTS[call.__name__] = "ok"
    except Absent:
        RESULTS[call.__name__] = "absent"
    except Exception as error:  # noqa: BLE001 - that is what is looked at
        RESULTS[call.__name__] = f"{type(error).__name__}: {error}"
        if os.environ.get("TRACEBACKS"):
            traceback.print_exc()


def needs(*packages: str) -> None:
    if not all(importlib.util.find_spec(package) for package in packages):
        raise Absent


def _as_the_job() -> dict[str, str]:
    """The variables with which the job began: the client takes the id of the run away when it has started it."""
    return {**os.environ, "MLFLOW_RUN_ID": RUN_ID}


client: Any = mlflow.MlflowClient()


@operation
def set_experiment() -> None:
    mlflow.set_experiment("my own name")


@operation
def start_run() -> None:
    assert mlflow.start_run().info.run_id == RUN_ID


@operation
def log_params() -> None:
    mlflow.log_param("rate", 0.1)
    mlflow.log_param("rate", 0.1)
    mlflow.log_params({f"p{number}": number for number in range(250)})
    mlflow.log_param("odd/name: ü", "ü")
    assert len(client.get_run(RUN_ID).data.params) == 252


@operation
def change_param() -> None:
    mlflow.log_param("rate", 0.2)


@operation
def long_param() -> None:
    """Some clients refuse it themselves; what they send is cut."""
    client.log_batch(RUN_ID, params=[mlflow.entities.Param("fits", "x" * 500)])
    try:
        mlflow.log_param("long", "x" * 7000)
    except mlflow.MlflowException:
        return
    assert len(client.get_run(RUN_ID).data.params["long"]) == 6000


@operation
def log_metric() -> None:
    for step in range(20):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    for odd in (math.nan, math.inf, -math.inf):
        mlflow.log_metric("odd", odd)
    mlflow.log_metrics({"a": 1.0, "b": 2}, step=3)


@operation
def log_batch() -> None:
    from mlflow.entities import Metric, Param, RunTag

    metrics = [Metric("accuracy", 0.5 + step / 2000, 1_700_000_000_000 + step, step) for step in range(900)]
    client.log_batch(RUN_ID, metrics=metrics, params=[Param("batch", "64")], tags=[RunTag("team", "blue")])
    client.log_batch(RUN_ID, metrics=metrics)
    assert len(client.get_metric_history(RUN_ID, "accuracy")) == 900


@operation
def get_metric_history() -> None:
    assert [point.step for point in client.get_metric_history(RUN_ID, "loss")] == list(range(20))
    values = [point.value for point in client.get_metric_history(RUN_ID, "odd")]
    assert math.inf in values
    assert -math.inf in values
    assert any(map(math.isnan, values))


@operation
def tags() -> None:
    mlflow.set_tags({"note": "with ü and 漢字", "gone": "1"})
    mlflow.delete_tag("gone")
    found = client.get_run(RUN_ID).data.tags
    assert found["note"] == "with ü and 漢字"
    assert "gone" not in found


@operation
def set_tag_of_mantik() -> None:
    mlflow.set_tag("mantik.run", "stolen")


@operation
def log_texts() -> None:
    mlflow.log_text("hello", "texts/hello.txt")
    mlflow.log_text("", "empty.txt")
    mlflow.log_dict({"a": 1}, "conf/a %20+#?ä.json")


@operation
def log_artifacts() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(200):
            Path(folder, f"{number}.bin").write_bytes(bytes([number]) * 10_000)
        Path(folder, "large").write_bytes(b"large" * 1_000_000)
        mlflow.log_artifacts(folder, "many")


@operation
def log_large_artifact() -> None:
    size = int(os.environ.get("LARGE_FILE_BYTES", str(64 * 2**20)))
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder, "checkpoint.bin")
        with large.open("wb") as file:
            file.truncate(size)
        mlflow.log_artifact(str(large))
    [listed] = [one for one in client.list_artifacts(RUN_ID) if one.path == "checkpoint.bin"]
    assert listed.file_size == size


@operation
def list_artifacts() -> None:
    assert {one.path for one in client.list_artifacts(RUN_ID)} >= {"texts", "empty.txt", "conf", "many"}
    assert [one.path for one in client.list_artifacts(RUN_ID, "texts")] == ["texts/hello.txt"]
    assert client.list_artifacts(RUN_ID, "texts/hello.txt") == []


@operation
def download_artifacts() -> None:
    with tempfile.TemporaryDirectory() as folder:

        def contents(path: str) -> bytes:
            found = mlflow.artifacts.download_artifacts(run_id=RUN_ID, artifact_path=path, dst_path=folder)
            return Path(found).read_bytes()

        assert contents("many/3.bin") == b"\3" * 10_000
        assert contents("many/large") == b"large" * 1_000_000
        assert contents("empty.txt") == b""
        assert json.loads(contents("conf/a %20+#?ä.json")) == {"a": 1}
        whole = mlflow.artifacts.download_artifacts(run_id=RUN_ID, artifact_path="many", dst_path=folder)
        assert len(list(Path(whole).iterdir())) == 201


@operation
def log_figure() -> None:
    needs("matplotlib")
    figure = importlib.import_module("matplotlib.figure")
    mlflow.log_figure(figure.Figure(), "figure.png")


@operation
def log_image() -> None:
    needs("PIL", "numpy")
    import numpy

    mlflow.log_image(numpy.zeros((8, 8, 3), dtype=numpy.uint8), "image.png")


@operation
def log_images_by_step() -> None:
    needs("PIL", "numpy")
    import numpy

    for step in range(3):
        mlflow.log_image(numpy.full((8, 8, 3), step, dtype=numpy.uint8), key="sample", step=step)
    mlflow.flush_artifact_async_logging()
    assert len(client.list_artifacts(RUN_ID, "images")) >= 3


@operation
def log_table() -> None:
    needs("pandas")
    mlflow.log_table({"a": [1, 2]}, "table.json")
    mlflow.log_table({"a": [3]}, "table.json")
    assert len(mlflow.load_table("table.json", run_ids=[RUN_ID])) == 3


@operation
def log_input() -> None:
    from mlflow.data.http_dataset_source import HTTPDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    source: Any = HTTPDatasetSource
    dataset: Any = MetaDataset
    mlflow.log_input(dataset(source("https://example.org/data.csv"), name="data"), context="training")
    assert client.get_run(RUN_ID).inputs.dataset_inputs[0].dataset.name == "data"


@operation
def nested_runs() -> None:
    with mlflow.start_run(nested=True, run_name="child") as child:
        mlflow.log_metric("inner", 1.0)
        with mlflow.start_run(nested=True) as grandchild:
            mlflow.log_param("depth", 2)
    found = client.get_run(child.info.run_id)
    assert found.data.tags["mlflow.parentRunId"] == RUN_ID
    assert (found.info.status, found.info.run_name, found.data.metrics) == ("FINISHED", "child", {"inner": 1.0})
    assert client.get_run(grandchild.info.run_id).data.tags["mlflow.parentRunId"] == child.info.run_id


@operation
def failed_child() -> None:
    try:
        with mlflow.start_run(nested=True) as child:
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert client.get_run(child.info.run_id).info.status == "FAILED"


class Doubler(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - MLflow's names
        return [2 * one for one in model_input]


def _log_model(name: str, **more: Any) -> Any:
    given = {"python_model": Doubler(), "pip_requirements": ["mlflow"], NAME: name}
    return mlflow.pyfunc.log_model(**given, **more)


def _doubles(uri: str) -> bool:
    return list(mlflow.pyfunc.load_model(uri).predict([1, 2])) == [2, 4]


@operation
def log_model() -> None:
    info = _log_model("model")
    assert _doubles(f"runs:/{RUN_ID}/model")
    assert _doubles(info.model_uri)


@operation
def log_model_with_signature() -> None:
    needs("pandas")
    pandas: Any = importlib.import_module("pandas")
    example = pandas.DataFrame({"a": [1.0, 2.0]})
    signature = mlflow.models.infer_signature(example, example)
    info = _log_model("signed", signature=signature, input_example=example)
    found = mlflow.pyfunc.load_model(info.model_uri).metadata
    assert found.signature == signature
    assert found.saved_input_example_info is not None


@operation
def log_models_again() -> None:
    """Clients from 3 on send the points of the run once more for each model."""
    for number in range(4):
        _log_model(f"again-{number}", **({"step": 19} if IS_3 else {}))
    assert len(client.get_metric_history(RUN_ID, "loss")) == 20


@operation
def log_model_and_register() -> None:
    _log_model("other", registered_model_name="doubler")
    _log_model("another", registered_model_name="doubler")
    assert _doubles("models:/doubler/1")
    assert _doubles("models:/doubler/2")


@operation
def logged_models() -> None:
    found = client.search_logged_models(["0"], filter_string="name = 'model'")
    assert [one.name for one in found] == ["model"]
    [model] = found
    assert (model.source_run_id, str(model.status)) == (RUN_ID, "READY"), model
    client.set_logged_model_tags(model.model_id, {"stage": "new"})
    client.delete_logged_model_tag(model.model_id, "stage")
    client.log_model_params(model.model_id, {f"q{number}": str(number) for number in range(150)})
    for step in range(2):
        mlflow.log_metric("quality", 0.5 + step, step=step, model_id=model.model_id)
    again = client.get_logged_model(model.model_id)
    assert again.params["q149"] == "149"
    assert sorted(one.value for one in again.metrics if one.key == "quality") == [0.5, 1.5]


@operation
def asynchronous_logging() -> None:
    waiting = [mlflow.log_metric("later", 1.0, step=step, synchronous=False) for step in range(50)]
    for one in waiting:
        one.wait()
    assert len(client.get_metric_history(RUN_ID, "later")) == 50


@operation
def search_runs() -> None:
    assert RUN_ID in [one.info.run_id for one in client.search_runs(["0"])]
    found = client.search_runs(["0"], f"tags.`mlflow.parentRunId` = '{RUN_ID}' and attributes.run_name = 'child'")
    assert [one.info.run_name for one in found] == ["child"]
    found = client.search_runs(["0"], "metrics.accuracy > 0.9 and params.rate = '0.1'", order_by=["metrics.loss DESC"])
    assert [one.info.run_id for one in found] == [RUN_ID]
    assert len(client.search_runs(["0"], max_results=1)) == 1


@operation
def autolog_of_sklearn() -> None:
    needs("sklearn", "mlflow.sklearn")
    from sklearn.linear_model import LogisticRegression

    mlflow.sklearn.autolog(silent=True)
    LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    mlflow.sklearn.autolog(disable=True)
    assert "training_accuracy_score" in client.get_run(RUN_ID).data.metrics


@operation
def search_of_parameters() -> None:
    """Each of the best trials becomes a run below that of the search."""
    needs("sklearn", "mlflow.sklearn", "numpy")
    import numpy
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV

    mlflow.sklearn.autolog(silent=True, max_tuning_runs=3)
    with mlflow.start_run(nested=True) as search:
        rows = numpy.arange(4.0).reshape(4, 1)
        GridSearchCV(Ridge(), {"alpha": [0.1, 1.0, 10.0]}, cv=2).fit(rows, rows[:, 0])
    mlflow.sklearn.autolog(disable=True)
    trials = client.search_runs(["0"], f"tags.`mlflow.parentRunId` = '{search.info.run_id}'")
    assert {one.data.params.get("alpha") for one in trials} == {"0.1", "1.0", "10.0"}


@operation
def autolog_of_xgboost() -> None:
    needs("xgboost", "numpy")
    import numpy

    xgboost: Any = importlib.import_module("xgboost")
    mlflow.xgboost.autolog(silent=True)
    rows = xgboost.DMatrix(numpy.arange(20.0).reshape(10, 2), label=numpy.arange(10.0))
    xgboost.train({"eval_metric": "rmse"}, rows, num_boost_round=5, evals=[(rows, "train")])
    mlflow.xgboost.autolog(disable=True)
    assert len(client.get_metric_history(RUN_ID, "train-rmse")) == 5


@operation
def autolog_of_lightgbm() -> None:
    needs("lightgbm", "numpy")
    import numpy

    lightgbm: Any = importlib.import_module("lightgbm")
    mlflow.lightgbm.autolog(silent=True)
    rows = lightgbm.Dataset(numpy.arange(100.0).reshape(50, 2), label=numpy.arange(50.0))
    lightgbm.train({"objective": "l2", "verbose": -1}, rows, num_boost_round=5, valid_sets=[rows], valid_names=["fit"])
    mlflow.lightgbm.autolog(disable=True)
    assert len(client.get_metric_history(RUN_ID, "fit-l2")) == 5


@operation
def autolog_of_keras() -> None:
    needs("keras", "jax", "numpy")
    import numpy

    keras: Any = importlib.import_module("keras")
    mlflow.keras.autolog()
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(numpy.ones((8, 2)), numpy.ones((8, 1)), epochs=3, verbose=0)
    mlflow.keras.autolog(disable=True)
    assert "loss" in client.get_run(RUN_ID).data.metrics


_RANK = """
import sys
import mlflow

with mlflow.start_run():
    for step in range(100):
        mlflow.log_metric(f"rank-{sys.argv[1]}", step, step=step)
"""


@operation
def two_processes() -> None:
    ranks = [subprocess.Popen([sys.executable, "-c", _RANK, str(rank)], env=_as_the_job()) for rank in range(2)]
    assert [rank.wait() for rank in ranks] == [0, 0]
    assert [len(client.get_metric_history(RUN_ID, f"rank-{rank}")) for rank in range(2)] == [100, 100]


_MLPROJECT = """
name: inner
entry_points:
  main:
    command: python -c "import mlflow; mlflow.log_metric('from_inside', 1.0)"
"""


@operation
def mlflow_run_inside() -> None:
    """It makes a run of its own, which is below that of the job."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "MLproject").write_text(_MLPROJECT)
        environment = {**_as_the_job(), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        command = [sys.executable, "-m", "mlflow", "run", folder, "--env-manager", "local"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if "No such command 'run'" in done.stderr:
        raise Absent
    assert done.returncode == 0, done.stderr[-2000:]
    below = client.search_runs(["0"], f"tags.`mlflow.parentRunId` = '{RUN_ID}' and metrics.from_inside = 1")
    assert [one.info.status for one in below] == ["FINISHED"]


@operation
def trace() -> None:
    """Not kept; the training goes on."""
    with mlflow.start_span("work"):
        pass


@operation
def set_experiment_tag() -> None:
    """Not kept; the training goes on."""
    mlflow.set_experiment_tag("a", "b")


@operation
def delete_run() -> None:
    client.delete_run(RUN_ID)


@operation
def run_of_somebody_else() -> None:
    client.get_run("0" * 32)


@operation
def end_run() -> None:
    mlflow.end_run()
    assert client.get_run(RUN_ID).info.status == "FINISHED"


@operation
def second_start_run() -> None:
    with mlflow.start_run() as second:
        mlflow.log_metric("again", 1.0)
    assert client.get_run(second.info.run_id).data.tags["mlflow.parentRunId"] == RUN_ID


@operation
def create_experiment() -> None:
    with mlflow.start_run(experiment_id=mlflow.create_experiment("made by the training")):
        pass


json.dump(RESULTS, sys.stdout)
