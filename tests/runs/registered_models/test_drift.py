"""What others change in MLflow is noticed, shown, and can be restored."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connections.mlflow.for_workers import registry
from mantik.accounts.models import User
from runs.models import RegisteredModel
from runs.registered_models import services
from runs.registered_models.worker import CHECK_EVERY
from tests.runs.registered_models.conftest import NOW, tend
from tests.support.logged_models import call_registry, model_version
from tests.support.mlflow_server import MlflowServer

pytestmark = pytest.mark.django_db

LATER = NOW + CHECK_EVERY + timedelta(seconds=1)


def check(model: RegisteredModel) -> str:
    """Do the hourly check. Returns the trouble that it found."""
    found = tend(model, LATER)
    assert found
    assert found.is_registered
    return found.trouble


def put_back(model: RegisteredModel, ada: User) -> RegisteredModel:
    model.refresh_from_db()
    assert services.restore_model(model=model, actor=ada, now=LATER)
    found = tend(model, LATER)
    assert found
    assert found.is_registered
    assert found.trouble == ""
    return found


def test_what_is_as_it_was_is_no_trouble(model: RegisteredModel) -> None:
    assert check(model) == ""


def test_it_is_not_asked_again_before_an_hour(model: RegisteredModel) -> None:
    registry().delete(model.registry_name)
    found = tend(model, NOW + timedelta(minutes=59))
    assert found
    assert found.trouble == ""


def test_a_deleted_entry(mlflow: str, model: RegisteredModel, ada: User) -> None:
    registry().delete(model.registry_name)
    assert check(model) == "It was deleted in MLflow's registry."
    certificate = put_back(model, ada).certificate
    assert model_version(mlflow, model.registry_name)
    assert certificate == model.certificate


def test_a_renamed_entry(mlflow: str, model: RegisteredModel, ada: User) -> None:
    registry().rename(model.registry_name, "p999--stolen")
    assert check(model) == "In MLflow's registry it was renamed to p999--stolen."
    put_back(model, ada)
    assert model_version(mlflow, "p999--stolen") is None
    assert model_version(mlflow, model.registry_name)


def test_a_deleted_version(mlflow: str, model: RegisteredModel, ada: User) -> None:
    call_registry(mlflow, "DELETE", "model-versions/delete", name=model.registry_name, version="1")
    assert check(model) == "Its version 1 was deleted in MLflow's registry."
    again = put_back(model, ada)
    assert again.uri.endswith(f"/{registry().versions(model.registry_name)[0].version}")


def test_changed_aliases(model: RegisteredModel, ada: User) -> None:
    services.set_alias(model=model, actor=ada, alias="champion", now=NOW)
    told = tend(model)
    assert told
    assert told.trouble == ""
    registry().delete_alias(model.registry_name, "champion")
    registry().set_alias(model.registry_name, "stranger", "1")
    assert check(model) == "In MLflow's registry the alias champion was removed and the alias stranger was added."
    put_back(model, ada)
    entry = registry().find(model.registry_name)
    assert entry
    assert entry.aliases == {"champion": "1"}


def test_files_that_are_gone(mlflow_server: MlflowServer, model: RegisteredModel) -> None:
    for path in _files(mlflow_server.data_dir, model):
        path.unlink()
    assert check(model) == "Its files are no longer in MLflow. Mantik has no copy of them and cannot restore them."


def test_files_of_another_size(mlflow_server: MlflowServer, model: RegisteredModel) -> None:
    weights = next(path for path in _files(mlflow_server.data_dir, model) if path.name == "model.skops")
    weights.write_bytes(b"shorter")
    told = check(model)
    assert told.startswith("Its files have changed: MLflow has 5 files with")
    assert told.endswith("were registered. Mantik has no copy of these and cannot restore them.")


def test_what_was_put_right_in_mlflow_itself_is_no_trouble_any_more(model: RegisteredModel) -> None:
    registry().rename(model.registry_name, "p999--moved")
    assert check(model)
    registry().rename("p999--moved", model.registry_name)
    found = tend(model, LATER + CHECK_EVERY)
    assert found
    assert (found.trouble, found.trouble_since) == ("", None)


def test_a_renamed_entry_is_taken_out_when_the_model_is_unregistered(
    mlflow: str, model: RegisteredModel, ada: User
) -> None:
    registry().rename(model.registry_name, "p999--hidden")
    services.unregister_model(model=model, actor=ada, now=NOW)
    assert tend(model) is None
    assert model_version(mlflow, "p999--hidden") is None


def _files(data_dir: Path, model: RegisteredModel) -> list[Path]:
    return [
        path for path in (data_dir / "artifacts").rglob("*") if path.is_file() and model.logged_model_id in str(path)
    ]
