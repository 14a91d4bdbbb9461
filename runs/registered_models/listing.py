"""Lists which models a run has logged. Workers read it from MLflow and store it, so no page waits for MLflow.

A page shows the stored list, and asks a worker for another if that is not fresh. While the page is open, it asks again
until the list is known, so a lost message costs a few seconds, and no sweep is needed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from connections.mlflow.errors import TrackingError
from mantik.lib.backoff import Clock
from mantik.lib.leases import Lease, LeaseLost, take
from mantik.lib.queue import send_on_commit
from runs.models import ModelListing, Run
from runs.registered_models.candidates import Candidate, Found, find_candidates
from runs.states import RunState
from runs.tracking.carrying.due import is_home

# An older list is still shown, and read again.
FRESH_FOR = timedelta(seconds=30)
# If no worker has answered in this time, another message is sent.
ASK_AGAIN_AFTER = timedelta(seconds=5)

# The hard limit of `runs.tasks.list_models`, which has that of every task.
LONGEST_TURN = timedelta(minutes=6)


def listing_of(run: Run, *, now: datetime) -> ModelListing:
    """What is known of the models of `run`. Asks a worker to read it again unless it is fresh, or is being read."""
    listing = ModelListing.objects.filter(run=run).first() or _new(run)
    listing.run = run
    pause = ASK_AGAIN_AFTER if listing.problem else FRESH_FOR
    if listing.looked_at is None or listing.looked_at <= now - pause:
        _ask(listing, now)
    return listing


def look_after_the_end(run: Run, *, now: datetime) -> None:
    """Have a worker find out whether a run that has just ended gave a model: only then can one be registered."""
    listing = ModelListing.objects.filter(run=run).first() or _new(run)
    _ask(listing, now)


def offered(listing: ModelListing, *, now: datetime) -> list[Candidate] | None:
    """The models to choose from; None while they are not known.

    An empty list is not trusted for long: the run may have logged a model since.
    """
    if listing.listed_at is None or (not listing.found and listing.listed_at <= now - FRESH_FOR):
        return None
    return [Candidate.of(listing.run, stored) for stored in listing.found]


def list_models(*, run_id: int, clock: Clock) -> None:
    """For workers: read from MLflow which models a run has logged, unless another worker is doing it."""
    now = clock()
    listing = ModelListing.objects.select_related("run").filter(run=run_id).first()
    if listing is None:
        return
    lease = take(ModelListing.objects.filter(asked_at__isnull=False), key=listing.pk, now=now)
    if lease is None:
        return
    listing.refresh_from_db(fields=["lease_until"])
    with lease.kept(clock=clock, longest=LONGEST_TURN):
        _list(listing, lease, clock)


def _list(listing: ModelListing, lease: Lease[ModelListing], clock: Clock) -> None:
    if not is_home(listing.run):
        problem = f"What the training logged is still being fetched from {listing.run.site_name}."
        lease.give_back(asked_at=None, looked_at=clock(), problem=problem)
        return
    try:
        found = find_candidates(listing.run, on_step=lambda: lease.check(listing, now=clock()))
    except TrackingError as error:
        lease.give_back(asked_at=None, looked_at=clock(), problem=error.message)
    except LeaseLost:
        return
    else:
        stored = [candidate.stored for candidate in found.candidates]
        now = clock()
        lease.give_back(asked_at=None, looked_at=now, listed_at=now, problem="", found=stored, note=found.note)
        _tell_run(listing.run, found)


def _tell_run(run: Run, found: Found) -> None:
    """Whether there is a model is known once the run has ended, and if nothing was left out of the search."""
    has_model = True if found.candidates else None if found.note else False
    Run.objects.filter(pk=run.pk, state=RunState.FINISHED).update(has_model=has_model)


def _new(run: Run) -> ModelListing:
    try:
        with transaction.atomic():
            return ModelListing.objects.create(run=run)
    except IntegrityError:
        # Another page was faster.
        return ModelListing.objects.get(run=run)


def _ask(listing: ModelListing, now: datetime) -> None:
    unasked = Q(asked_at=None) | Q(asked_at__lte=now - ASK_AGAIN_AFTER)
    if ModelListing.objects.filter(unasked, pk=listing.pk).update(asked_at=now):
        send_on_commit("runs.tasks.list_models", run_id=listing.run_id)
