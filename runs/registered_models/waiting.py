"""Says what a model waits for: what the last worker has stored, or that no worker has taken the model."""

from __future__ import annotations

from datetime import datetime

from runs.pages.waiting import Waiting, unattended
from runs.registered_models.models import RegisteredModel
from runs.registered_models.states import UNDER_WAY


def waiting(model: RegisteredModel, *, now: datetime) -> Waiting | None:
    """What `model` waits for; None if nothing is left to do, or a worker is doing it."""
    if model.state in UNDER_WAY:
        return unattended(model, "model", now=now) or _said_by_worker(model)
    if model.aliases_changed_at and model.waiting_for:
        return _said_by_worker(model, "MLflow's registry does not have the current aliases yet. ")
    return None


def _said_by_worker(model: RegisteredModel, prefix: str = "") -> Waiting | None:
    return Waiting(f"{prefix}{model.waiting_for}", model.waiting_since) if model.waiting_for else None
