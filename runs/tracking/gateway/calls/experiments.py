"""Experiments: from our own rows, by the names that people know."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections
from django.db.models import CharField, Q, Value
from django.db.models.functions import Concat
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from connections.mlflow.onward import Declined, onward
from mantik.lib.handed_on import Body, Given, HandedOn
from mantik.lib.names import problem_with
from mantik.tokens.models import Scope
from projects.models import Experiment, Project
from projects.permissions import Action
from projects.querysets import ExperimentQuerySet
from projects.services.experiments import add_experiment
from projects.services.projects import NameTaken
from runs.tracking.gateway.answers import JSON, document, explaining
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.callers import Job, Member, shown_name
from runs.tracking.gateway.conditions import LONGEST, conditions
from runs.tracking.gateway.fields import at_most, many, text, whole
from runs.tracking.gateway.refusals import Refused, wrong

_API = "api/2.0/mlflow/experiments"
# As MLflow gives at once if it is not told how many.
_USUAL, _MOST = 1000, 5000


def get(asked: Asked) -> HttpResponse:
    found = asked.fields({"experiment_id": text})
    experiment = asked.caller.experiment(found.get("experiment_id", ""))
    return document({"experiment": _document(experiment)})


def get_by_name(asked: Asked) -> HttpResponseBase:
    name = asked.fields({"experiment_name": text}).get("experiment_name", "")
    experiment = asked.caller.experiment_named(name)
    # Under the name that was asked for: some clients compare it.
    return made(asked, experiment, lambda known: {"experiment": _document(known) | {"name": name}})


def made(asked: Asked, experiment: Experiment, shown: Callable[[Experiment], dict[str, Any]]) -> HttpResponseBase:
    """What `shown` makes of it. An experiment without a run is not in MLflow yet; then it is made there first."""
    if experiment.mlflow_experiment_id:
        return document(shown(experiment))

    async def ask(_: Body) -> Given:
        experiment.mlflow_experiment_id = await _ensure(experiment.mlflow_name)
        await asyncio.to_thread(_remember, experiment)
        return Given(200, JSON, json.dumps(shown(experiment)).encode())

    return HandedOn(explaining(ask), reader=asked.caller.reader)


async def _ensure(name: str) -> str:
    """The id of the MLflow experiment with that name. Somebody else may make it at the same time."""
    try:
        answer = await onward().call("POST", f"{_API}/create", query={}, body={"name": name})
        return str(json.loads(answer)["experiment_id"])
    except Declined as error:
        if error.code != "RESOURCE_ALREADY_EXISTS":
            raise
    answer = await onward().call("GET", f"{_API}/get-by-name", query={"experiment_name": name}, body=None)
    return str(json.loads(answer)["experiment"]["experiment_id"])


def _remember(experiment: Experiment) -> None:
    try:
        unknown = Experiment.objects.filter(pk=experiment.pk, mlflow_experiment_id="")
        unknown.update(mlflow_experiment_id=experiment.mlflow_experiment_id)
    finally:
        close_old_connections()


def search(asked: Asked) -> HttpResponse:
    """All that the caller may see, or those with a name. Each is one of ours, so MLflow is not asked."""
    found = asked.fields(
        {
            "filter": at_most(LONGEST),
            "view_type": text,
            "max_results": whole,
            "page_token": text,
            "order_by": many(text),
        }
    )
    most = found.get("max_results", _USUAL)
    if not 1 <= most <= _MOST:
        raise wrong(f"max_results has to be between 1 and {_MOST}.")
    if found.get("view_type") == "DELETED_ONLY":
        return document({"experiments": []})
    made = asked.caller.experiments().exclude(mlflow_experiment_id="").select_related("project")
    rows = list(_after(_filtered(made, found.get("filter", "")), found.get("page_token", ""))[: most + 1])
    answer: dict[str, Any] = {"experiments": [_document(row) for row in rows[:most]]}
    if len(rows) > most:
        answer["next_page_token"] = str(rows[most - 1].pk)
    return document(answer)


def create(asked: Asked) -> HttpResponseBase:
    """One of ours, where a member's role allows it. A training in a job gets that of its run, whatever it names."""
    name = asked.fields({"name": text}).get("name", "").strip()
    if isinstance(asked.caller, Job):
        return document({"experiment_id": asked.caller.run.mlflow_experiment_id})
    assert isinstance(asked.caller, Member)
    project, own_name = _project_for(asked.caller, name)
    asked.caller.require(Scope.SUBMIT, Action.ADD_EXPERIMENT, project)
    try:
        experiment = add_experiment(project=project, user=asked.caller.user, name=own_name, description="")
    except NameTaken:
        experiment = asked.caller.experiment_named(f"{project.slug}/{own_name}")
        # Without it, MLflow did not answer when it was added, and the client asks again.
        if experiment.mlflow_experiment_id:
            sentence = f"{project.name} has an experiment {own_name} already."
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", sentence) from None
    return made(asked, experiment, lambda known: {"experiment_id": known.mlflow_experiment_id})


def _project_for(member: Member, name: str) -> tuple[Project, str]:
    """The project in which `name`, which may begin with a project's address, is to be made; and the name there."""
    projects = member.projects()
    address, _, rest = name.partition("/")
    if rest and (named := projects.filter(slug=address).first()):
        return named, _checked(rest.strip())
    open_to = [project for project in projects if member.may(Action.ADD_EXPERIMENT, project)]
    if len(open_to) != 1:
        raise wrong(f'Say in which project the experiment is to be: "project/{name}", with the project\'s address.')
    return open_to[0], _checked(name)


def _checked(name: str) -> str:
    most = Experiment._meta.get_field("name").max_length
    if not name or not name.isprintable() or len(name) > (most or 0):
        raise wrong(f"The name of an experiment has 1 to {most} characters, all of which can be printed.")
    if problem := problem_with(name):
        raise wrong(problem)
    return name


def _filtered(experiments: ExperimentQuerySet, written: str) -> ExperimentQuerySet:
    """Found are names with and without the address of the project."""
    found = conditions(written)
    if found is None or any(one.key != "name" or one.lookup is None for one in found):
        raise wrong("Mantik finds experiments by their name alone: name = 'Baseline', or name LIKE 'Base%'.")
    experiments = experiments.alias(full_name=Concat("project__slug", Value("/"), "name", output_field=CharField()))
    for one in found:
        experiments = experiments.filter(
            Q((f"name__{one.lookup}", one.value)) | Q((f"full_name__{one.lookup}", one.value))
        )
    return experiments


def _after(experiments: ExperimentQuerySet, token: str) -> ExperimentQuerySet:
    """The newest first. `token`: the last that was sent."""
    ordered = experiments.order_by("-pk")
    if not token:
        return ordered
    if not token.isdecimal() or len(token) > 18:
        raise wrong("page_token is not one that this call gave.")
    return ordered.filter(pk__lt=int(token))


def _document(experiment: Experiment) -> dict[str, Any]:
    created = int(experiment.created_at.timestamp() * 1000)
    return {
        "experiment_id": experiment.mlflow_experiment_id,
        "name": shown_name(experiment),
        "artifact_location": f"mlflow-artifacts:/{experiment.mlflow_experiment_id}",
        "lifecycle_stage": "active",
        "creation_time": created,
        "last_update_time": created,
        "tags": [{"key": "mlflow.note.content", "value": experiment.description}] if experiment.description else [],
    }
