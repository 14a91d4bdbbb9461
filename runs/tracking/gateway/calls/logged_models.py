"""Logged models of MLflow 3: each belongs to the run that logged it."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import quote

from django.http.response import HttpResponseBase

from connections.mlflow.paths import ID_TAG
from runs.models import TrackedItem
from runs.tracking.gateway.answers import handed_on
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.calls.artifacts import check_folder
from runs.tracking.gateway.calls.runs import PAIR, seen_by_answer, visible, within
from runs.tracking.gateway.fields import at_most, flag, many, parts, text, whole
from runs.tracking.gateway.making import begin, made, track, untrack
from runs.tracking.gateway.refusals import not_there, wrong
from runs.tracking.tags import OURS, OWN_TAGS_REFUSED, is_ours

Kind = TrackedItem.Kind
# As many characters as MLflow's database has room for.
_LONGEST_TEXT = 500
_ID = re.compile(r"m-[0-9a-f]{32}")
_ORDER = parts({"field_name": text, "ascending": flag, "dataset_name": text, "dataset_digest": text})
_OF_DATASET = parts({"dataset_name": text, "dataset_digest": text})


def create(asked: Asked) -> HttpResponseBase:
    """Whichever experiment is named, the model is in that of its run."""
    found = asked.fields(
        {
            "experiment_id": text,
            "name": at_most(_LONGEST_TEXT),
            "model_type": at_most(_LONGEST_TEXT),
            "source_run_id": text,
            "params": many(PAIR),
            "tags": many(PAIR),
        }
    )
    source = found.get("source_run_id")
    if not source:
        raise wrong(
            "A model is logged in a run: send source_run_id. With mlflow, call log_model while a run is active."
        )
    run = asked.run_to_log_to(Kind.RUN, source)
    begun = begin(asked, run, found, lambda: track(run, Kind.MODEL, f"m-{uuid.uuid4().hex}", asked))
    tags = [tag for tag in found.get("tags", []) if not is_ours(tag.get("key", ""))]
    body = found | {
        "experiment_id": run.mlflow_experiment_id,
        "tags": [*tags, {"key": ID_TAG, "value": begun.text}],
    }
    return made(asked, begun, body, undo=lambda: untrack(begun.text))


def get(asked: Asked) -> HttpResponseBase:
    asked.fields({})
    model_id = asked.parts["model_id"]
    if not _ID.fullmatch(model_id):
        raise not_there(f"{Kind.MODEL.label} {model_id}")
    change = seen_by_answer(asked.caller, Kind.MODEL, model_id, lambda answer: answer["model"]["info"]["experiment_id"])
    missing = not_there(f"{Kind.MODEL.label} {model_id}")
    return handed_on(asked.caller, "GET", asked.path, change=change, missing=missing)


def finish(asked: Asked) -> HttpResponseBase:
    found = asked.fields({"model_id": text, "status": text})
    return _write(asked, "PATCH", found)


def log_params(asked: Asked) -> HttpResponseBase:
    return _write(asked, "POST", asked.fields({"model_id": text, "params": many(PAIR)}))


def set_tags(asked: Asked) -> HttpResponseBase:
    found = asked.fields({"model_id": text, "tags": many(PAIR)})
    if any(is_ours(tag.get("key", "")) for tag in found.get("tags", [])):
        raise wrong(OWN_TAGS_REFUSED)
    return _write(asked, "PATCH", found)


def delete_tag(asked: Asked) -> HttpResponseBase:
    asked.fields({})
    key = asked.parts["tag_key"]
    # In an address they mean another place.
    if key in (".", "..") or is_ours(key):
        raise wrong(f"A tag cannot be named '.' or '..', and those that begin with {OURS} are Mantik's own.")
    asked.run_to_log_to(Kind.MODEL, asked.parts["model_id"])
    path = f"{asked.path.removesuffix(key)}{quote(key, safe='')}"
    return handed_on(asked.caller, "DELETE", path)


def _write(asked: Asked, method: str, found: dict[str, Any]) -> HttpResponseBase:
    model_id = asked.parts["model_id"]
    asked.run_to_log_to(Kind.MODEL, model_id)
    return handed_on(asked.caller, method, asked.path, body=found | {"model_id": model_id})


def search(asked: Asked) -> HttpResponseBase:
    """As for runs."""
    found = asked.fields(
        {
            "experiment_ids": many(text),
            "filter": text,
            "datasets": many(_OF_DATASET),
            "max_results": whole,
            "order_by": many(_ORDER),
            "page_token": text,
        }
    )
    caller, tree = asked.caller, asked.caller.tree()
    found["experiment_ids"] = visible(caller, found.get("experiment_ids", []))
    found["filter"] = within(tree, "source_run_id", found.get("filter", ""))
    if not found["experiment_ids"]:
        raise not_there("experiment among those named")

    def without_others(answer: Any) -> Any:
        models = answer.get("models", [])
        return answer | {"models": [one for one in models if tree is None or one["info"].get("source_run_id") in tree]}

    return handed_on(caller, "POST", asked.path, body=found, change=None if tree is None else without_others)


def folder(asked: Asked) -> HttpResponseBase:
    found = asked.fields({"artifact_directory_path": text, "page_token": text})
    check_folder(found.get("artifact_directory_path", ""))
    run = asked.caller.owner(Kind.MODEL, asked.parts["model_id"])
    if run is None:
        raise not_there(f"logged model {asked.parts['model_id']}")
    return handed_on(asked.caller, "GET", asked.path, query=found)
