"""Rows of registered models as workers leave them, without an MLflow server."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils import timezone

from mantik.accounts.models import User
from runs.models import ModelAlias, ModelAliasChange, RegisteredModel, Run
from runs.registered_models.certificate import certificate_of, sha256_of
from runs.registered_models.contents import Contents, FileFact, describe
from runs.registered_models.names import registry_name
from runs.registered_models.states import ModelState
from runs.states import RunState
from tests.support.factories import make_run
from tests.support.logged_models import FILES, MLMODEL

METRICS: dict[str, float | None] = {"loss": 0.0712, "val_acc": 0.9134, "val_loss": 0.0934}


def make_model(
    *, run: Run | None = None, metrics: dict[str, float | None] | None = None, **columns: Any
) -> RegisteredModel:
    """Registered from a finished run by who started it. Any column can be given by name."""
    run = run or make_run(RunState.FINISHED, mlflow_run_id="1f" * 16)
    now = timezone.now()
    usual: dict[str, Any] = {
        "project": run.project,
        "run": run,
        "name": f"model-{run.short_id}",
        "created_by": run.created_by,
        "created_at": now,
        "logged_model_id": f"m-{run.uuid.hex}",
        "state": ModelState.REGISTERED,
    }
    model = RegisteredModel(**usual | columns)
    if not model.registry_name:
        model.registry_name = registry_name(run.project, model.name)
    if model.state != ModelState.REGISTERING:
        _read(model, METRICS if metrics is None else metrics)
        model.registry_version, model.registered_at = "1", model.registered_at or now
    model.save()
    return model


def give_alias(model: RegisteredModel, alias: str, *, by: User, before: str = "") -> ModelAlias:
    now = timezone.now()
    ModelAliasChange.objects.create(project=model.project, alias=alias, before=before, after=model.name, by=by, at=now)
    return ModelAlias.objects.create(project=model.project, model=model, alias=alias, set_by=by, set_at=now)


def contents() -> Contents:
    files = [FileFact(path, len(text), hashlib.sha256(text).hexdigest()) for path, text in sorted(FILES.items())]
    return Contents(files, describe(MLMODEL))


def _read(model: RegisteredModel, metrics: dict[str, float | None]) -> None:
    found = contents()
    model.flavors, model.signature = found.description.flavors, found.description.signature
    model.input_example_path = found.description.input_example_path
    model.file_count, model.size, model.metrics = len(found.files), found.size, metrics
    model.certificate = certificate_of(model, found, metrics)
    model.certificate_sha256 = sha256_of(model.certificate)
