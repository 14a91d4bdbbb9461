"""Workers that read at once from MLflow which models a run has."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from runs import tasks
from runs.models import ModelListing, Run
from runs.registered_models.listing import listing_of


class ListingWorkers:
    """How often they were asked; if they are not alive, to no avail."""

    are_alive = True
    asked = 0

    def send(self, task: str, *, run_id: int) -> None:
        self.asked += 1
        if self.are_alive:
            assert task == "runs.tasks.list_models"
            tasks.list_models(run_id=run_id)


def list_at_once(monkeypatch: pytest.MonkeyPatch) -> ListingWorkers:
    workers = ListingWorkers()

    def twice(run: Run, *, now: datetime) -> ModelListing:
        """A page shows what it shows when it is opened a moment later."""
        listing_of(run, now=now)
        return listing_of(run, now=timezone.now())

    monkeypatch.setattr("runs.registered_models.listing.send_on_commit", workers.send)
    monkeypatch.setattr("runs.registered_models.views.register.listing_of", twice)
    return workers
