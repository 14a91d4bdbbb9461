"""Registered models of the scene: good ones, one that was changed in MLflow, and those that workers have in hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from mantik.accounts.models import User
from projects.models import Project
from runs.models import RegisteredModel
from runs.registered_models.states import ModelState
from runs.states import RunState
from tests.support import factories as make
from tests.support.registered_models import give_alias, make_model

DESCRIPTION = """\
Yield of **thin-film panels** for the next day, from weather and age.

| data | panels | val_acc |
|---|---|---|
| pv-panels-v3 | 48,210 | 0.913 |

* Not for panels older than ten years.
* Needs irradiance in W/m².
"""
LOG = (
    '[mantik] env {"hostname": "node0412", "os": "Linux", "python_version": "3.11.4", "cpu_cores": 48, '
    '"memory_gb": 192, "gpus": ["A100-SXM4-40GB"]}\n'
)
LONG_NAME = "vit-large-with-a-name-that-somebody-made-far-too-long-to-fit.into_any_column"


def build_models(project: Project, *, member: User, other: User, **columns: Any) -> None:
    """Of runs of their own. `columns`: what these are made with."""
    now = timezone.now()

    def model(name: str, *, days: int, of: str, by: User = member, **state: Any) -> RegisteredModel:
        at = now - timedelta(days=days)
        run = make.make_run(
            RunState.FINISHED,
            project=project,
            created_by=by,
            name=of,
            created_at=at,
            mlflow_run_id="1f" * 16,
            **columns,
        )
        make.append_log(run, LOG)
        return make_model(run=run, name=name, created_at=at + timedelta(hours=1), **state)

    pv_yield = model("pv-yield", days=9, of="first light", description=DESCRIPTION)
    model(
        "pv-yield-night",
        days=8,
        of="nightly · 12 Nov",
        by=other,
        metrics={"val_loss": 0.11, "test_acc": 0.87},
        trouble="Its version 1 was deleted in MLflow's registry.",
        trouble_since=now - timedelta(hours=3),
    )
    model(LONG_NAME, days=7, of="vit-large", metrics={"val_acc": 0.9312})
    waits = "MLflow did not answer in time."
    since = now - timedelta(minutes=4)
    model("dust", days=6, of="dust-1", state=ModelState.REGISTERING, waiting_for=waits, waiting_since=since)
    model("snow", days=6, of="snow-1", state=ModelState.UNREGISTERING)
    give_alias(pv_yield, "champion", by=member, before="pv-yield-2025")
    give_alias(pv_yield, "northern-plant", by=other)
