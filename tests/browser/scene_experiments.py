"""An experiment whose runs can be compared: a sweep, with runs that failed, run, logged NaN or nothing."""

from __future__ import annotations

import math
from datetime import timedelta

from django.utils import timezone

from mantik.accounts.models import User
from projects.models import Experiment, Project
from runs.models import Run
from runs.states import RunState
from tests.support import factories as make
from tests.support.tables import log

NAME, LONG_NAME = "sweep", "augmentation/random_erasing/probability_of_each_patch"
_RUNS = 34


def build_experiment(project: Project, member: User) -> Experiment:
    """Its runs are an hour apart."""
    experiment = make.make_experiment(
        project=project, name=NAME, created_by=member, pinned_metric="val_accuracy", description="ResNet and ConvNeXt"
    )
    first = make.make_run(
        RunState.FINISHED, project=project, experiment=experiment, created_by=member, name="resnet50-lr0"
    )
    _log(first, 0)
    for number in range(1, _RUNS):
        state = {7: RunState.FAILED, 33: RunState.RUNNING, 32: RunState.RUNNING, 12: RunState.CANCELLED}.get(number)
        minutes = 60 * (_RUNS - number) + 7 * number % 13
        columns = {"outcome": "out of memory on 1 of 4 GPUs"} if state is RunState.FAILED else {}
        run = make.make_run(
            state or RunState.FINISHED,
            project=project,
            experiment=experiment,
            created_by=member,
            name=f"{('resnet50', 'convnext-s', 'vit-base')[number % 3]}-lr{number}",
            created_at=timezone.now() - timedelta(minutes=minutes),
            code_repository=first.code_repository,
            connection=first.connection,
            **columns,
        )
        if number != 20:
            _log(run, number)
    return experiment


def _log(run: Run, number: int) -> None:
    share = (number % 17) / 17
    accuracy = 0.97 - 0.4 * (share - 0.5) ** 2 - 0.06 * math.exp(-number / 6) + 0.004 * math.sin(number * 12.9898)
    if number in (7, 15):
        accuracy = math.nan
    log(
        run,
        metrics={
            "val_accuracy": [accuracy - 0.2, accuracy],
            "val_loss": [1.0, 1.1 - accuracy],
            "train/loss": [1.0, 0.4],
            "system/gpu_0_utilization_percentage": 93.0,
        },
        params={
            "lr": f"{10 ** (-4 + 2 * share):.2g}",
            "batch_size": str(64 * 2 ** (number % 3)),
            "optimizer": ("adamw", "sgd")[number % 2],
            LONG_NAME: "0.25",
        },
        tags={"team": "pv"},
    )
