"""How far a registered model is with MLflow's registry."""

from __future__ import annotations

from django.db import models

from runs.states import Badge


class ModelState(models.TextChoices):
    # The name and the run are reserved. Workers read the files, write the certificate, and make the registry's entry.
    REGISTERING = "registering", "Registering"
    REGISTERED = "registered", "Registered"
    # Workers remove the entry from the registry; then the row is deleted, and the run can have another model.
    UNREGISTERING = "unregistering", "Unregistering"

    @property
    def badge(self) -> Badge:
        return _BADGES[self]


# Workers still have to finish something.
UNDER_WAY = (ModelState.REGISTERING, ModelState.UNREGISTERING)

_BADGES = {
    ModelState.REGISTERING: Badge("Registering", "wait", "hourglass-split"),
    ModelState.REGISTERED: Badge("Registered", "ok", "check-circle-fill"),
    ModelState.UNREGISTERING: Badge("Unregistering", "wait", "hourglass-split"),
}
# Shown instead if somebody else has changed the entry in MLflow's registry.
TROUBLED = Badge("Changed in MLflow", "bad", "exclamation-triangle-fill")
