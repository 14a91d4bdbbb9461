"""Answers in the format of MLflow's API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse, JsonResponse

from connections.mlflow.errors import NotThere, TrackingError, TrackingUnavailable
from mantik.tokens.token_requests import Refusal
from runs.registered_models.contents import FileFact
from runs.registered_models.models import RegisteredModel

# After how many seconds clients are to ask again.
RETRY_AFTER_SECONDS = 5


def error(status: int, code: str, message: str) -> HttpResponse:
    return JsonResponse({"error_code": code, "message": message}, status=status)


def no_such_call() -> HttpResponse:
    return error(404, "ENDPOINT_NOT_FOUND", "Mantik does not offer this part of MLflow's API.")


def not_there(what: str) -> HttpResponse:
    """The answer for what does not exist, and the same for what the reader may not load."""
    return error(
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"There is no {what} that you may load. Check its name, and that you are at least a Reporter in its project.",
    )


def wrong(message: str) -> HttpResponse:
    return error(400, "INVALID_PARAMETER_VALUE", message)


def refused(refusal: Refusal) -> HttpResponse:
    code = "UNAUTHENTICATED" if refusal.status == 401 else "PERMISSION_DENIED"
    return error(refusal.status, code, refusal.sentence)


def mlflow_trouble(trouble: TrackingError) -> HttpResponse:
    """The answer if MLflow fails. Clients ask again after 503, and give up after any other status."""
    if isinstance(trouble, TrackingUnavailable):
        answer = error(503, "TEMPORARILY_UNAVAILABLE", trouble.message)
        answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer
    code = "RESOURCE_DOES_NOT_EXIST" if isinstance(trouble, NotThere) else "INVALID_STATE"
    return error(404, code, trouble.message)


def place_of(model: RegisteredModel) -> str:
    """The address of the model's files for clients. Only this gateway understands it."""
    return f"mlflow-artifacts:/models/{model.uuid}"


def registered_model(model: RegisteredModel) -> dict[str, Any]:
    version = model_version(model)
    return {
        "name": model.registry_name,
        "creation_timestamp": version["creation_timestamp"],
        "last_updated_timestamp": version["last_updated_timestamp"],
        "description": model.description,
        "latest_versions": [version],
        "aliases": [{"alias": alias, "version": model.registry_version} for alias in version["aliases"]],
    }


def model_version(model: RegisteredModel) -> dict[str, Any]:
    aliases: Sequence[str] = sorted(found.alias for found in model.aliases.all())
    assert model.registered_at is not None
    return {
        "name": model.registry_name,
        "version": model.registry_version,
        "creation_timestamp": _milliseconds(model.created_at),
        "last_updated_timestamp": _milliseconds(model.registered_at),
        "user_id": model.created_by.username,
        "current_stage": "None",
        "description": model.description,
        "source": place_of(model),
        "run_id": model.run.mlflow_run_id,
        "status": "READY",
        "aliases": aliases,
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def folder(files: Iterable[FileFact], path: str) -> list[dict[str, Any]]:
    """The entries of the folder `path` ("" for the top), by name, as MLflow's clients read them.

    Certificates list files and no folders, so folders follow from the paths of files. `path` is only compared with
    these: whatever it is, nothing is looked up by it.
    """
    start = f"{path}/" if path else ""
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        if not file.path.startswith(start):
            continue
        name, slash, _ = file.path.removeprefix(start).partition("/")
        found[name] = {"path": name, "is_dir": True} if slash else _file(name, file.size)
    return [found[name] for name in sorted(found)]


def _file(name: str, size: int) -> dict[str, Any]:
    return {"path": name, "is_dir": False, "file_size": size}
