"""How far a registered model is with MLflow's registry."""

from __future__ import annotations

from django.db import models

from runs.states import Badge


class ModelState(models.TextChoices):
    # Its name and its run are taken; workers read its files, write its certificate, and tell the registry.
    REGISTERING = "registering", "Registering"
    REGISTERED = "registered", "Registered"
    # Workers take it out of the registry; then the row goes, and the run is free again.
    UNREGISTERING = "unregistering", "Unregistering"

    @property
    def badge(self) -> Badge:
        return _BADGES[self]


# In the hands of workers.
UNDER_WAY = (ModelState.REGISTERING, ModelState.UNREGISTERING)

_BADGES = {
    ModelState.REGISTERING: Badge("Registering", "wait", "hourglass-split"),
    ModelState.REGISTERED: Badge("Registered", "ok", "check-circle-fill"),
    ModelState.UNREGISTERING: Badge("Unregistering", "wait", "hourglass-split"),
}
# MLflow's registry is not as we left it.
TROUBLED = Badge("Changed in MLflow", "bad", "exclamation-triangle-fill")
