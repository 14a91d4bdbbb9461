"""How far a registered model is with MLflow's registry."""

from __future__ import annotations

from django.db import models

from runs.states import Badge


class ModelState(models.TextChoices):
    # Its name and its run are reserved; workers read its files, write its certificate, and make the registry's entry.
    REGISTERING = "registering", "Registering"
    REGISTERED = "registered", "Registered"
    # Workers remove it from the registry; then the row is deleted, and the run is free again.
    UNREGISTERING = "unregistering", "Unregistering"

    @property
    def badge(self) -> Badge:
        return _BADGES[self]


# Workers are busy with it.
UNDER_WAY = (ModelState.REGISTERING, ModelState.UNREGISTERING)

_BADGES = {
    ModelState.REGISTERING: Badge("Registering", "wait", "hourglass-split"),
    ModelState.REGISTERED: Badge("Registered", "ok", "check-circle-fill"),
    ModelState.UNREGISTERING: Badge("Unregistering", "wait", "hourglass-split"),
}
# Somebody else has changed it in MLflow's registry.
TROUBLED = Badge("Changed in MLflow", "bad", "exclamation-triangle-fill")
