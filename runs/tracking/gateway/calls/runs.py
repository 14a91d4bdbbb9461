"""Runs: MLflow has them, our rows say whose they are and whether they are over."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase

from connections.mlflow.paths import ID_TAG
from runs.models import TrackedItem
from runs.tracking.gateway import local_runs
from runs.tracking.gateway.answers import handed_on
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.callers import Caller, Job, Member
from runs.tracking.gateway.fields import Fields, Unclear, at_most, many, number, parts, text, whole
from runs.tracking.gateway.making import begin, made, track, untrack
from runs.tracking.gateway.refusals import not_there, wrong
from runs.tracking.gateway.taken_in import batch, no_tag, one_metric, one_param, one_tag, tags_of, taken_in
from runs.tracking.last_entries import note_status
from runs.tracking.summaries.logged import Logged
from runs.tracking.tags import OWN_TAGS_REFUSED, PARENT_TAG, is_ours, without_ours

Kind = TrackedItem.Kind
# The tag that MLflow keeps as the name of a run.
NAME = "mlflow.runName"
# As many characters as MLflow's database has room for.
LONGEST_NAME = 250

# Some clients send both, with the same value.
RUN_ID: Fields = {"run_id": text, "run_uuid": text}
PAIR = parts({"key": text, "value": text})
METRIC: Fields = {
    "key": text,
    "value": number,
    "timestamp": whole,
    "step": whole,
    "model_id": text,
    "dataset_name": text,
    "dataset_digest": text,
}
DATASET = parts({"name": text, "digest": text, "source_type": text, "source": text, "schema": text, "profile": text})
DATASET_INPUT = parts({"tags": many(PAIR), "dataset": DATASET})
MODEL_OUTPUT = parts({"model_id": text, "step": whole})


def run_id(found: dict[str, Any]) -> str:
    """Takes the id of the run out of the fields. Raises Unclear without one, and if two differ."""
    given = {value for name in RUN_ID if (value := found.pop(name, ""))}
    if len(given) != 1:
        raise Unclear("Send the id of one run, as run_id.")
    return str(given.pop())


# Reading


def get(asked: Asked) -> HttpResponseBase:
    found = run_id(asked.fields(RUN_ID))
    change = seen_by_answer(asked.caller, Kind.RUN, found, lambda answer: answer["run"]["info"]["experiment_id"])
    missing = not_there(f"{Kind.RUN.label} {found}")
    return handed_on(asked.caller, "GET", asked.path, query={"run_id": found}, change=change, missing=missing)


def seen_by_answer(
    caller: Caller, kind: Kind, mlflow_id: str, experiment_of: Callable[[Any], str]
) -> Callable[[Any], Any] | None:
    """None if the caller may see it. If that is for MLflow's answer to tell, what looks at the answer."""
    if caller.owner(kind, mlflow_id) is not None:
        return None
    # Now, in the thread: `looked_at` runs in the event loop, which must not ask the database.
    caller.know_experiments()

    def looked_at(answer: Any) -> Any:
        if not caller.may_see_experiment(str(experiment_of(answer))):
            raise not_there(f"{kind.label} {mlflow_id}")
        return answer

    return looked_at


def search(asked: Asked) -> HttpResponseBase:
    """In the experiments that the caller may see, of those it names; a job finds its own runs alone."""
    fields = asked.fields(
        {
            "experiment_ids": many(text),
            "filter": text,
            "run_view_type": text,
            "max_results": whole,
            "order_by": many(text),
            "page_token": text,
        }
    )
    caller, tree = asked.caller, asked.caller.tree()
    fields["experiment_ids"] = visible(caller, fields.get("experiment_ids", []))

    def without_others(answer: Any) -> Any:
        found = [run for run in answer.get("runs", []) if tree is None or run["info"]["run_id"] in tree]
        return answer | {"runs": found}

    change = None if tree is None else without_others
    fields["filter"] = within(tree, "attributes.run_id", fields.get("filter", ""))
    if not fields["experiment_ids"]:
        raise not_there("experiment among those named")
    return handed_on(caller, "POST", asked.path, body=fields, change=change)


def within(tree: set[str] | None, field: str, written: str) -> str:
    """A filter of MLflow's that finds nothing outside of `tree`, so that no page token tells of it. Put before what was
    written, whose conditions MLflow joins by AND alone."""
    if tree is None:
        return written
    listed = ", ".join(f"'{one}'" for one in sorted(tree))
    return f"{field} IN ({listed})" + (f" AND {written}" if written.strip() else "")


def visible(caller: Caller, experiment_ids: list[str]) -> list[str]:
    """Those of the experiments that the caller may see. A job has one, whichever it names."""
    if isinstance(caller, Job):
        return [caller.run.mlflow_experiment_id]
    return [one for one in dict.fromkeys(experiment_ids) if caller.may_see_experiment(one)]


# Writing


def create(asked: Asked) -> HttpResponseBase:
    """A run of a job becomes a child of the job's run. A member's is a local run, or a child of one."""
    found = asked.fields(
        {
            "experiment_id": text,
            "user_id": text,
            "run_name": at_most(LONGEST_NAME),
            "start_time": whole,
            "tags": many(PAIR),
        }
    )
    tags = without_ours({tag.get("key", ""): tag.get("value", "") for tag in found.pop("tags", [])})
    sent = found | {"tags": dict(tags)}
    if isinstance(asked.caller, Job):
        parent = asked.caller.run
        above = tags.get(PARENT_TAG) or parent.mlflow_run_id
        asked.caller.owner(Kind.RUN, above)
        tags[PARENT_TAG] = above
    elif tags.get(PARENT_TAG):
        parent = asked.run_to_log_to(Kind.RUN, tags[PARENT_TAG])
    else:
        assert isinstance(asked.caller, Member)
        return local_runs.start(asked, asked.caller, found, tags)
    begun = begin(asked, parent, sent, lambda: track(parent, Kind.RUN, uuid.uuid4().hex, asked))
    body = found | {
        "experiment_id": parent.mlflow_experiment_id,
        "user_id": asked.caller.user.username,
        "tags": [{"key": key, "value": value} for key, value in (tags | {ID_TAG: begun.text}).items()],
    }
    making = made(asked, begun, body, undo=lambda: untrack(begun.text))
    return taken_in(making, parent, tags_of(begun.text, tags))


def update(asked: Asked) -> HttpResponseBase:
    found = asked.fields({**RUN_ID, "status": text, "end_time": whole, "run_name": at_most(LONGEST_NAME)})
    mlflow_id = run_id(found)
    again = local_runs.end_told_again(asked.caller, mlflow_id, found)
    if again is None:
        run = asked.caller.owner_to_write(Kind.RUN, mlflow_id)
        if local_runs.is_its_end(run, mlflow_id, found):
            local_runs.end(run, found, now=asked.now)
        elif isinstance(asked.caller, Job) and mlflow_id == run.mlflow_run_id and "status" in found:
            note_status(run, found["status"], now=asked.now)
    return handed_on(asked.caller, "POST", asked.path, body={"run_id": mlflow_id} | (found if again is None else again))


# What a call logs, of its fields.
Reading = Callable[[str, dict[str, Any]], Logged]


def writing(
    fields: Fields, *, is_tag: bool = False, reading: Reading | None = None
) -> Callable[[Asked], HttpResponseBase]:
    """A call that logs something to a run: `fields` besides the id of the run. `is_tag`: they are those of one tag.
    `reading`: what of it is taken in for pages (`runs/tracking/summaries/`)."""

    def write(asked: Asked) -> HttpResponseBase:
        found = asked.fields({**RUN_ID, **fields})
        mlflow_id = run_id(found)
        run = asked.run_to_log_to(Kind.RUN, mlflow_id)
        for model_id in set(_models_in(found)):
            asked.caller.owner_to_write(Kind.MODEL, model_id)
        _check_tags(asked.caller, [found] if is_tag else found.get("tags", []))
        answer = handed_on(asked.caller, "POST", asked.path, body={"run_id": mlflow_id} | found)
        return taken_in(answer, run, reading(mlflow_id, found)) if reading else answer

    return write


def _models_in(found: dict[str, Any]) -> list[str]:
    """The ids of logged models that the fields name, wherever they do."""
    entries = [found, *found.get("metrics", []), *found.get("models", [])]
    return [entry["model_id"] for entry in entries if entry.get("model_id")]


def _check_tags(caller: Caller, tags: list[dict[str, Any]]) -> None:
    """Raises Refused for the tags by which Mantik finds a run again, and for a parent that is not the caller's."""
    for tag in tags:
        key, value = tag.get("key", ""), tag.get("value", "")
        if is_ours(key):
            raise wrong(OWN_TAGS_REFUSED)
        if key == NAME:
            at_most(LONGEST_NAME)(value, f"The value of {NAME}")
        if key == PARENT_TAG and value:
            caller.owner_to_write(Kind.RUN, value)


log_metric = writing(METRIC, reading=one_metric)
log_parameter = writing({"key": text, "value": text}, reading=one_param)
set_tag = writing({"key": text, "value": text}, is_tag=True, reading=one_tag)
delete_tag = writing({"key": text}, is_tag=True, reading=no_tag)
log_batch = writing({"metrics": many(parts(METRIC)), "params": many(PAIR), "tags": many(PAIR)}, reading=batch)
log_model = writing({"model_json": text})
log_inputs = writing({"datasets": many(DATASET_INPUT), "models": many(parts({"model_id": text}))})
outputs = writing({"models": many(MODEL_OUTPUT)})
