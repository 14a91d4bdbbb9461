"""What a model waits for: said by the worker who tried last, or by the fact that none has tried."""

from __future__ import annotations

from datetime import datetime

from runs.pages.waiting import Waiting, unattended
from runs.registered_models.models import RegisteredModel
from runs.registered_models.states import UNDER_WAY


def waiting(model: RegisteredModel, *, now: datetime) -> Waiting | None:
    """None for one that is registered as its member wants it, or simply on its way."""
    if model.state in UNDER_WAY:
        return unattended(model, "model", now=now) or _told(model)
    if model.aliases_changed_at and model.waiting_for:
        return _told(model, "MLflow's registry does not know yet how the aliases are now. ")
    return None


def _told(model: RegisteredModel, before: str = "") -> Waiting | None:
    return Waiting(f"{before}{model.waiting_for}", model.waiting_since) if model.waiting_for else None
