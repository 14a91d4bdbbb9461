"""Registering and unregistering a model, against a real MLflow server."""

from __future__ import annotations

import hashlib
import json

import pytest

from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from runs.models import RegisteredModel, RetiredModel, Run
from runs.registered_models import services
from runs.registered_models.candidates import Found, find_candidates
from runs.registered_models.states import ModelState
from runs.services import NotAllowed, delete_run
from runs.states import RunState
from tests.runs.registered_models.conftest import NOW, register, tend
from tests.support.logged_models import FILES, log_classic_model, log_model, model_version

pytestmark = pytest.mark.django_db


def test_a_run_offers_the_models_it_logged_in_either_way(mlflow: str, run: Run) -> None:
    first, unfinished = log_model(mlflow, run, name="cnn"), log_model(mlflow, run, name="half", ready=False)
    log_classic_model(mlflow, run, "export/forest")
    offered = find_candidates(run).candidates
    assert [(one.key, one.label) for one in offered] == [(first, "cnn"), ("export/forest", "export/forest")]
    assert unfinished not in {one.key for one in offered}


def test_a_run_without_a_model_offers_none(run: Run) -> None:
    assert find_candidates(run) == Found([], "")


def test_a_logged_model_gets_into_the_registry(mlflow: str, model: RegisteredModel, logged: ModelSource) -> None:
    version = model_version(mlflow, model.registry_name)
    assert version is not None
    assert (version["source"], version["run_id"]) == (f"models:/{logged.model_id}", model.run.mlflow_run_id)
    assert model.registry_name == f"p{model.project_id}--yield-forecast"
    assert model.uri == f"models:/{model.registry_name}/1"


def test_a_folder_of_artifacts_gets_into_the_registry(mlflow: str, run: Run, ada: User) -> None:
    log_classic_model(mlflow, run, "export/forest")
    made = tend(register(run, ada, ModelSource(run.mlflow_run_id, path="export/forest"), "forest"))
    assert made
    version = model_version(mlflow, made.registry_name)
    assert version
    assert version["source"] == f"runs:/{run.mlflow_run_id}/export/forest"
    assert made.file_count == len(FILES)


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_leaves_in_the_registry_is_not_in_the_way_of_the_next(
    run: Run, ada: User, logged: ModelSource, turn: int
) -> None:
    assert tend(register(run, ada, logged, "left-behind"))


def test_what_its_files_say_is_kept(model: RegisteredModel) -> None:
    assert model.flavors == ["python_function", "sklearn"]
    assert [column["name"] for column in model.signature["inputs"]] == ["irradiance", "hour"]
    assert model.input_example_path == "input_example.json"
    assert (model.file_count, model.size) == (len(FILES), sum(map(len, FILES.values())))
    assert model.metrics == {"accuracy": 0.93}


def test_its_certificate_names_every_file_with_its_hash(model: RegisteredModel) -> None:
    document = json.loads(model.certificate)
    assert {file["path"]: file["sha256"] for file in document["files"]} == {
        path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()
    }
    assert document["code"]["commit"] == model.run.commit_sha
    assert document["metrics"] == {"accuracy": 0.93}
    assert model.certificate_sha256 == hashlib.sha256(model.certificate.encode()).hexdigest()


def test_unregistering_takes_it_out_and_frees_the_run(
    mlflow: str, model: RegisteredModel, run: Run, ada: User, logged: ModelSource
) -> None:
    services.unregister_model(model=model, actor=ada, now=NOW)
    assert tend(model) is None
    assert model_version(mlflow, model.registry_name) is None
    assert RetiredModel.objects.get().registry_name == model.registry_name
    again = tend(register(run, ada, logged, "Yield-Forecast"))
    assert again
    assert again.is_registered
    services.unregister_model(model=again, actor=ada, now=NOW)
    assert tend(again) is None


def test_a_run_with_a_registered_model_stays(model: RegisteredModel, run: Run, ada: User) -> None:
    with pytest.raises(NotAllowed, match=r"registered as yield-forecast\. Unregister yield-forecast first"):
        delete_run(run=run, actor=ada, now=NOW)


def test_a_model_whose_files_are_gone_is_refused_and_nothing_is_left(mlflow: str, run: Run, ada: User) -> None:
    model = register(run, ada, ModelSource(run.mlflow_run_id, path="nowhere"))
    assert tend(model) is None
    assert model_version(mlflow, model.registry_name) is None
    assert not RegisteredModel.objects.exists()
    assert "no longer has the MLmodel file" in run.events.get(kind="model.refused").message
    assert ada.notices.get().text.startswith(f"The model of {run.name} could not be registered as yield-forecast.")


def test_a_model_with_a_file_that_could_be_put_elsewhere_is_refused(mlflow: str, run: Run, ada: User) -> None:
    log_classic_model(mlflow, run, "odd", {"MLmodel": FILES["MLmodel"], "C:evil.dll": b"x"})
    assert tend(register(run, ada, ModelSource(run.mlflow_run_id, path="odd"))) is None
    assert "could lead out of its folder: 'C:evil.dll'" in run.events.get(kind="model.refused").message


def test_only_a_finished_run_has_a_model_to_register(run: Run, ada: User, logged: ModelSource) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED)
    run.refresh_from_db()
    with pytest.raises(
        NotAllowed, match=r"Only the model of a finished run can be registered\. This run's state is Failed\."
    ):
        register(run, ada, logged)


def test_a_wish_to_unregister_overtakes_registering(run: Run, ada: User, logged: ModelSource) -> None:
    model = register(run, ada, logged)
    services.unregister_model(model=model, actor=ada, now=NOW)
    assert model.state == ModelState.UNREGISTERING
    assert tend(model) is None
