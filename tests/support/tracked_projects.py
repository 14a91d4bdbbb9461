"""A project that has something of everything in a real MLflow, and what MLflow says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from django.utils import timezone

from mantik.accounts.models import User
from projects.models import Experiment, Project
from projects.roles import Role
from runs.models import RegisteredModel, Run, TrackedItem
from runs.states import RunState
from tests.support import factories
from tests.support.logged_models import log_classic_model, log_metric, log_model
from tests.support.mlflow_server import HEADERS, MlflowServer
from tests.support.registered_models import make_model

API = "/api/2.0/mlflow/"


@dataclass(frozen=True)
class Ids:
    """Everything by which a client can name something. Each is MLflow's, but for `registered` and its place."""

    experiment: str
    experiment_name: str
    run: str
    child: str
    model: str
    registered: str
    registered_place: str


@dataclass(frozen=True)
class TrackedProject:
    """`running` has a child run, files and a logged model; `finished` has those of a registered model.

    `unknown` has the ids of a run and a model of which Mantik has no row, as some of its first releases have left them.
    """

    server: MlflowServer
    project: Project
    owner: User
    running: Run
    finished: Run
    registered: RegisteredModel
    ids: Ids
    unknown: Ids

    def in_mlflow(self) -> dict[str, Any]:
        """What MLflow has of it."""
        runs = [self.ids.run, self.ids.child, self.unknown.run, self.finished.mlflow_run_id]
        found: dict[str, Any] = {one: mlflow_get(self.server, "runs/get", run_id=one) for one in runs}
        for model in (self.ids.model, self.unknown.model):
            found[model] = mlflow_get(self.server, f"logged-models/{model}")
        answer = mlflow_post(self.server, "runs/search", experiment_ids=[self.ids.experiment], max_results=1000)
        found["runs"] = sorted(run["info"]["run_id"] for run in answer["runs"])
        found["experiment"] = mlflow_get(self.server, "experiments/get", experiment_id=self.ids.experiment)
        return found | files_below(self.server.data_dir / "artifacts" / self.ids.experiment)


def make_tracked_project(server: MlflowServer, **columns: Any) -> TrackedProject:
    """Private. Its owner has made the runs."""
    now = timezone.now()
    project = factories.make_project(**columns)
    owner = factories.join(project, Role.OWNER)
    experiment = factories.make_experiment(project=project, created_by=owner, name=f"Baseline {project.uuid}")
    running, finished = (
        tracked_run(server, state, experiment, owner) for state in (RunState.RUNNING, RunState.FINISHED)
    )
    log_metric(server.uri, running, "accuracy", 0.93)
    log_metric(server.uri, finished, "accuracy", 0.94)
    log_classic_model(server.uri, running, "folder", {"notes.txt": b"A secret of this project.\n"})
    child, model = _child(server, running), log_model(server.uri, running)
    for kind, mlflow_id in ((TrackedItem.Kind.RUN, child), (TrackedItem.Kind.MODEL, model)):
        running.tracked_items.create(kind=kind, mlflow_id=mlflow_id, created_at=now)
    registered = make_model(run=finished, logged_model_id=log_model(server.uri, finished), created_by=owner)
    ids = Ids(
        running.mlflow_experiment_id,
        experiment.name,
        running.mlflow_run_id,
        child,
        model,
        registered.registry_name,
        f"models/{registered.uuid}",
    )
    unknown = replace(ids, run=_child(server, running), model=log_model(server.uri, running))
    return TrackedProject(server, project, owner, running, finished, registered, ids, unknown)


def tracked_run(server: MlflowServer, state: RunState, experiment: Experiment, owner: User) -> Run:
    """MLflow's part is made by plain requests: its client takes long to import."""
    if not experiment.mlflow_experiment_id:
        made = mlflow_post(server, "experiments/create", name=experiment.mlflow_name)
        experiment.mlflow_experiment_id = str(made["experiment_id"])
        experiment.save()
    return factories.make_run(
        state,
        project=experiment.project,
        created_by=owner,
        experiment=experiment,
        mlflow_experiment_id=experiment.mlflow_experiment_id,
        mlflow_run_id=_mlflow_run(server, experiment.mlflow_experiment_id),
    )


def _child(server: MlflowServer, run: Run) -> str:
    parent = {"key": "mlflow.parentRunId", "value": run.mlflow_run_id}
    return _mlflow_run(server, run.mlflow_experiment_id, parent)


def _mlflow_run(server: MlflowServer, experiment_id: str, *tags: Mapping[str, str]) -> str:
    made = mlflow_post(server, "runs/create", experiment_id=experiment_id, start_time=1_700_000_000_000, tags=tags)
    return str(made["run"]["info"]["run_id"])


def mlflow_post(server: MlflowServer, call: str, **body: Any) -> Mapping[str, Any]:
    answer = httpx.post(f"{server.uri}{API}{call}", json=body, headers=HEADERS, trust_env=False, timeout=60)
    answer.raise_for_status()
    found: Mapping[str, Any] = answer.json()
    return found


def mlflow_get(server: MlflowServer, call: str, **query: Any) -> Mapping[str, Any]:
    answer = httpx.get(f"{server.uri}{API}{call}", params=query, headers=HEADERS, trust_env=False, timeout=60)
    found: Mapping[str, Any] = answer.json()
    return found


def files_below(folder: Path) -> dict[str, str]:
    """The digests of all files, by path."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }
