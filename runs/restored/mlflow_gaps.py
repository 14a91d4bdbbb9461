"""Compares MLflow with the database after a restore, when one of the two is older. Only reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connections.mlflow.for_workers import inventory
from projects.models import Experiment
from runs.models import RegisteredModel, Run
from runs.registered_models.entry import TAG as MODEL_TAG
from runs.registered_models.states import ModelState
from runs.tracking.tags import RUN_TAG

# `Experiment.mlflow_name` ends with it.
_UUID_AT_END = re.compile(r"\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)$")
_TAGS_PER_QUERY = 500
# Of `Run.submission_tag`, before the run's UUID: of a run that Mantik submits, and of a local run.
_BEGINNINGS = ("mantik", "local")


@dataclass
class Gap:
    """Descriptions of the things of one `kind` that only one of the two has.

    `lacking`: MLflow does not have them. `beyond`: the database does not have them.
    """

    kind: str
    lacking: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)


def compare_with_mlflow() -> Iterator[Gap]:
    """Compare experiments, runs and registered models. Raises TrackingUnavailable and TrackingRefused."""
    listed = inventory().experiments()
    ids = {one.id for one in listed}
    yield _experiments(ids, {match[1]: one.name for one in listed if (match := _UUID_AT_END.search(one.name))})
    yield _runs(sorted(ids))
    yield _models()


def _experiments(ids: set[str], names: dict[str, str]) -> Gap:
    known = Experiment.objects.exclude(mlflow_experiment_id="").select_related("project").order_by("pk")
    lacking = [f"{one.mlflow_name}, id {one.mlflow_experiment_id}" for one in known.iterator() if _is_gone(one, ids)]
    rows = {str(uuid) for uuid in Experiment.objects.values_list("uuid", flat=True)}
    return Gap("experiment", lacking, [name for uuid, name in names.items() if uuid not in rows])


def _is_gone(experiment: Experiment, ids: set[str]) -> bool:
    return experiment.mlflow_experiment_id not in ids


def _runs(experiment_ids: list[str]) -> Gap:
    ids, gap = set[str](), Gap("run")
    batch: list[tuple[str, str]] = []
    for one in inventory().runs(experiment_ids, RUN_TAG):
        ids.add(one.id)
        batch.append((one.tag, f"{one.name}, id {one.id}"))
        if len(batch) == _TAGS_PER_QUERY:
            gap.beyond += _unknown(batch)
            batch = []
    gap.beyond += _unknown(batch)
    known = Run.objects.exclude(mlflow_run_id="").order_by("pk").values_list("uuid", "name", "mlflow_run_id")
    gap.lacking = [f"{name}, run {uuid.hex[:8]}, id {run_id}" for uuid, name, run_id in known if run_id not in ids]
    return gap


def _unknown(batch: Iterable[tuple[str, str]]) -> list[str]:
    """The descriptions of those whose tag is the UUID of no run. Compared as texts: in MLflow a tag may be anything."""
    batch = list(batch)
    ours = [f"{beginning}-{tag}" for tag, _ in batch for beginning in _BEGINNINGS]
    runs = Run.objects.filter(submission_tag__in=ours).values_list("submission_tag", flat=True)
    known = {tag.partition("-")[2] for tag in runs}
    return [description for tag, description in batch if tag not in known]


def _models() -> Gap:
    listed = inventory().registered_models(MODEL_TAG)
    tags = {one.tag for one in listed}
    known = RegisteredModel.objects.order_by("pk").values_list("uuid", "registry_name", "state")
    names = {str(uuid): (name, state) for uuid, name, state in known}
    lacking = [name for uuid, (name, state) in names.items() if state == ModelState.REGISTERED and uuid not in tags]
    return Gap("registered model", lacking, [one.name for one in listed if one.tag not in names])
