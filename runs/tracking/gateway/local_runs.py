"""A member's program starts a run, and ends it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http.response import HttpResponseBase

from connections.mlflow.paths import ID_TAG
from mantik.tokens.models import Scope
from projects.models import Experiment
from projects.permissions import Action
from runs.models import Run, TrackedItem
from runs.states import RunState
from runs.tracking.ends import STATE_OF
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.callers import Caller, Member
from runs.tracking.gateway.making import begin, made
from runs.tracking.gateway.refusals import is_over, wrong
from runs.tracking.local_runs import end_local_run, start_local_run, withdraw_local_run
from runs.tracking.tags import PROJECT_TAG, RUN_TAG

# Of MLflow's default experiment, which no project has.
_DEFAULT = {"", "0"}
_WORDS = {
    RunState.FINISHED: "Its program said that it is finished.",
    RunState.FAILED: "Its program said that it has failed.",
    RunState.CANCELLED: "Its program said that it was stopped.",
}


def start(asked: Asked, member: Member, found: Mapping[str, Any], tags: Mapping[str, str]) -> HttpResponseBase:
    """`found`: the fields of the call; `tags`: those that are the client's."""
    if found.get("experiment_id", "") in _DEFAULT:
        raise wrong('Name an experiment first: mlflow.set_experiment("project/experiment"), or MLFLOW_EXPERIMENT_NAME.')
    experiment = member.experiment(found["experiment_id"])
    member.require(Scope.SUBMIT, Action.ADD_RUN, experiment.project)
    begun = begin(asked, None, {**found, "tags": dict(tags)}, lambda: _begun(asked, experiment, found, tags))
    run = Run.objects.select_related("project", "created_by").filter(mlflow_run_id=begun.text).first()
    if run is None:
        raise is_over("The run was deleted before its program was told that it had begun. Start another one.")
    body = {**found, "user_id": member.user.username, "run_name": run.name}
    kept = {key: value for key, value in tags.items() if key != "mlflow.runName"}
    body["tags"] = [{"key": key, "value": value} for key, value in {**kept, **_ours(run)}.items()]
    return made(asked, begun, body, undo=lambda: withdraw_local_run(run, now=asked.now))


def _begun(asked: Asked, experiment: Experiment, found: Mapping[str, Any], tags: Mapping[str, str]) -> str:
    run = start_local_run(
        experiment=experiment,
        user=asked.caller.user,
        name=_name(found, tags, now=asked.now),
        mlflow_run_id=uuid.uuid4().hex,
        source=tags.get("mlflow.source.name", ""),
        commit=tags.get("mlflow.source.git.commit", ""),
        now=asked.now,
    )
    return run.mlflow_run_id


def _name(found: Mapping[str, Any], tags: Mapping[str, str], *, now: datetime) -> str:
    return (found.get("run_name") or tags.get("mlflow.runName") or f"Local run {now:%Y-%m-%d %H:%M}")[:120]


def _ours(run: Run) -> dict[str, str]:
    return {ID_TAG: run.mlflow_run_id, RUN_TAG: str(run.uuid), PROJECT_TAG: run.project.slug}


def is_its_end(run: Run, mlflow_run_id: str, found: Mapping[str, Any]) -> bool:
    """Whether an update of an MLflow run ends a local run. The end of a child ends nothing here."""
    return run.is_local and mlflow_run_id == run.mlflow_run_id and found.get("status") in STATE_OF


def end_told_again(caller: Caller, mlflow_run_id: str, found: Mapping[str, Any]) -> dict[str, Any] | None:
    """What MLflow is to be told if this is the end that a local run of the caller's has already, and nothing else: it
    did not answer when it was told first, and the client asks again. None if this is something else."""
    run = caller.owner(TrackedItem.Kind.RUN, mlflow_run_id) if isinstance(caller, Member) else None
    if run is None or run.created_by_id != caller.user.pk or not is_its_end(run, mlflow_run_id, found):
        return None
    if run.run_state is not STATE_OF[found["status"]]:
        return None
    assert isinstance(caller, Member)
    caller.require(Scope.SUBMIT, Action.CANCEL_OWN_RUN, run.project)
    return {name: value for name, value in found.items() if name in ("status", "end_time")}


def end(run: Run, found: Mapping[str, Any], *, now: datetime) -> None:
    to = STATE_OF[found["status"]]
    end_local_run(run, to=to, now=now, message=_WORDS[to])
