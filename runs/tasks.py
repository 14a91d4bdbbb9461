"""Background work on runs. Each task takes ids and makes one service call.

The sweeps find whatever the broker lost. A message that arrives twice does nothing the second time.
"""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from mantik.lib.queue import send
from runs.following import poll
from runs.registered_models import listing, worker
from runs.submission import turns
from runs.tracking import mlflow_bin
from runs.tracking.carrying import worker as carrying
from runs.tracking.summaries import reading

MODELS_PER_SWEEP = 100
JOBS_PER_SWEEP = 100


# The hard limit is `runs.submission.submit.LONGEST_TURN`; the soft limit lets a worker that hangs end in order.
@shared_task(
    acks_late=True,
    soft_time_limit=2 * settings.MANTIK_GIT_TIMEOUT + 60,
    time_limit=2 * settings.MANTIK_GIT_TIMEOUT + 120,
)
def submit_next(**_: Any) -> None:
    turns.submit_next(clock=timezone.now)


@shared_task
def sweep_submissions(**_: Any) -> None:
    if turns.any_due(now=timezone.now()):
        turns.send_for_worker()


# The hard limit is `runs.following.poll.LONGEST_TURN`.
@shared_task(acks_late=True, soft_time_limit=300, time_limit=330)
def follow_connection(*, connection_id: int | None, **_: Any) -> None:
    poll.follow_connection(connection_id=connection_id, clock=timezone.now)


@shared_task
def sweep_following(**_: Any) -> None:
    for connection_id in poll.due_connections(now=timezone.now()):
        poll.send_for_worker(connection_id)


@shared_task(acks_late=True, soft_time_limit=300, time_limit=330)
def carry(*, job_tracking_id: int, **_: Any) -> None:
    carrying.carry(job_tracking_id=job_tracking_id, clock=timezone.now)


# The hard limit is `runs.tracking.carrying.worker.LONGEST_TURN`: a file takes as long as the site takes to send it.
@shared_task(acks_late=True, soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def carry_large(*, job_tracking_id: int, **_: Any) -> None:
    carrying.carry(job_tracking_id=job_tracking_id, clock=timezone.now, takes_large=True)


@shared_task
def sweep_carrying(**_: Any) -> None:
    for pk, has_large in carrying.due_rows(now=timezone.now(), limit=JOBS_PER_SWEEP):
        send("runs.tasks.carry_large" if has_large else "runs.tasks.carry", job_tracking_id=pk)


# The hard limit is `runs.tracking.summaries.reading.LONGEST_TURN`.
@shared_task(acks_late=True, soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def read_summaries(**_: Any) -> None:
    reading.read_due(clock=timezone.now)


@shared_task
def sweep_summaries(**_: Any) -> None:
    now = timezone.now()
    reading.make_due(now=now)
    if reading.due(now).exists():
        send("runs.tasks.read_summaries")


# The hard limit is `runs.registered_models.worker.LONGEST_TURN`. Reading a large model takes as long as MLflow takes to
# send its files.
@shared_task(acks_late=True, soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def tend_model(*, model_id: int, **_: Any) -> None:
    worker.tend(model_id=model_id, clock=timezone.now)


# This needs no sweep: a page that is open asks again.
@shared_task
def list_models(*, run_id: int, **_: Any) -> None:
    listing.list_models(run_id=run_id, clock=timezone.now)


@shared_task
def sweep_models(**_: Any) -> None:
    for model_id in worker.due_models(now=timezone.now(), limit=MODELS_PER_SWEEP):
        send("runs.tasks.tend_model", model_id=model_id)
    worker.look_once_more(now=timezone.now())


@shared_task
def sweep_retired_runs(**_: Any) -> None:
    mlflow_bin.sweep(now=timezone.now())
