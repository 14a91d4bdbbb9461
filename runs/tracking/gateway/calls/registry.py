"""Registered models, from our own rows. They are registered on the page of a run, and loaded by any client."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from runs.registered_models.models import RegisteredModel
from runs.registered_models.querysets import RegisteredModelQuerySet
from runs.tracking.gateway import documents
from runs.tracking.gateway.answers import document
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.callers import reader_of_models
from runs.tracking.gateway.conditions import LONGEST, Condition, conditions
from runs.tracking.gateway.fields import at_most, many, text, whole
from runs.tracking.gateway.queries import loadable, model_by_alias, model_by_name
from runs.tracking.gateway.refusals import not_offered, not_there, wrong

_USUAL, _MOST = 100, 1000
_COLUMNS = {"name": "registry_name", "run_id": "run__mlflow_run_id"}
_IS_PROMPT = "tag.mlflow.prompt.is_prompt"
_HOW_TO_FIND = (
    "Mantik finds registered models by these conditions: name = 'p1--digits', name LIKE 'p1--%', run_id = '…'."
)


def model(asked: Asked) -> HttpResponse:
    name = asked.fields({"name": text}).get("name", "")
    found = model_by_name(reader_of_models(asked.caller), name)
    if found is None:
        raise not_there(f"registered model {name}")
    return document({"registered_model": documents.registered_model(found)})


def by_alias(asked: Asked) -> HttpResponse:
    fields = asked.fields({"name": text, "alias": text})
    name, alias = fields.get("name", ""), fields.get("alias", "")
    found = model_by_alias(reader_of_models(asked.caller), name, alias)
    if found is None:
        raise not_there(f"registered model {name} with the alias {alias}")
    return document({"model_version": documents.model_version(found)})


def version(asked: Asked) -> HttpResponse:
    return document({"model_version": documents.model_version(_version(asked))})


def download_uri(asked: Asked) -> HttpResponse:
    return document({"artifact_uri": documents.place_of(_version(asked))})


def _version(asked: Asked) -> RegisteredModel:
    fields = asked.fields({"name": text, "version": text})
    name, number = fields.get("name", ""), fields.get("version", "")
    found = model_by_name(reader_of_models(asked.caller), name, version=number) if number else None
    if found is None:
        raise not_there(f"version {number} of a registered model {name}")
    return found


def latest_versions(asked: Asked) -> HttpResponse:
    """A registered model has one version."""
    name = asked.fields({"name": text, "stages": many(text)}).get("name", "")
    found = model_by_name(reader_of_models(asked.caller), name)
    if found is None:
        raise not_there(f"registered model {name}")
    return document({"model_versions": [documents.model_version(found)]})


def search(asked: Asked) -> HttpResponse:
    return _search(asked, "registered_models", documents.registered_model)


def search_versions(asked: Asked) -> HttpResponse:
    return _search(asked, "model_versions", documents.model_version)


def _search(asked: Asked, name: str, shown: Any) -> HttpResponse:
    fields = asked.fields(
        {"filter": at_most(LONGEST), "max_results": whole, "order_by": many(text), "page_token": text}
    )
    most, after = fields.get("max_results", _USUAL), fields.get("page_token", "")
    if not 1 <= most <= 200_000:
        raise wrong("max_results has to be a number from 1 to 200,000.")
    most = min(most, _MOST)
    rows = _filtered(loadable(reader_of_models(asked.caller)), fields.get("filter", "")).order_by("registry_name", "pk")
    found = list(rows.filter(registry_name__gt=after)[: most + 1] if after else rows[: most + 1])
    answer: dict[str, Any] = {name: [shown(one) for one in found[:most]]}
    if len(found) > most:
        answer["next_page_token"] = found[most - 1].registry_name
    return document(answer)


def _filtered(models: RegisteredModelQuerySet, written: str) -> RegisteredModelQuerySet:
    found = conditions(written)
    if found is None:
        raise wrong(_HOW_TO_FIND)
    for one in found:
        models = _with(models, one)
    return models


def _with(models: RegisteredModelQuerySet, condition: Condition) -> RegisteredModelQuerySet:
    if condition.key == _IS_PROMPT:
        # Clients from 2.21 on add that it is none, if they are not asked for prompts, which Mantik does not keep.
        return models.none() if (condition.comparator, condition.value) == ("=", "true") else models
    column = _COLUMNS.get(condition.key)
    if column is None or condition.lookup is None:
        raise wrong(_HOW_TO_FIND)
    return models.filter(**{f"{column}__{condition.lookup}": condition.value})


def register(_asked: Asked) -> HttpResponseBase:
    """Whoever logs a model with `registered_model_name` has logged it when this is asked."""
    raise not_offered(
        "The model was logged. Register it on the page of its run, with Register Model, once the run is finished: "
        "there it gets a name that is unique in its project. Leave registered_model_name out of log_model."
    )
