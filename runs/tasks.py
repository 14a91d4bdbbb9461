"""Background work on runs. Shells over services: ids in, one service call.

The sweeps find whatever the broker lost; a second delivery finds the state advanced and does nothing.
"""

from typing import Any

from celery import shared_task
from django.utils import timezone

from mantik.lib.queue import send
from runs.following import poll
from runs.registered_models import worker
from runs.submission import submit

SUBMISSIONS_PER_SWEEP = 200
MODELS_PER_SWEEP = 100


@shared_task(acks_late=True, soft_time_limit=600, time_limit=660)
def submit_run(*, run_id: int, **_: Any) -> None:
    submit.submit_run(run_id=run_id, clock=timezone.now)


@shared_task
def submit_runs(*, run_ids: list[int], **_: Any) -> None:
    """Spread many new runs over the workers. Whoever stored them is not kept waiting for as many messages."""
    for run_id in run_ids:
        send("runs.tasks.submit_run", run_id=run_id)


@shared_task
def sweep_submissions(**_: Any) -> None:
    for run_id in submit.due_runs(now=timezone.now(), limit=SUBMISSIONS_PER_SWEEP):
        send("runs.tasks.submit_run", run_id=run_id)


@shared_task(acks_late=True, soft_time_limit=300, time_limit=330)
def follow_runs(*, run_ids: list[int], **_: Any) -> None:
    poll.follow_runs(run_ids=run_ids, clock=timezone.now)


@shared_task
def sweep_following(**_: Any) -> None:
    for _connection, run_ids in poll.claim_due(now=timezone.now()):
        send("runs.tasks.follow_runs", run_ids=run_ids)


# Reading the files of a large model takes as long as MLflow takes to hand them out.
@shared_task(acks_late=True, soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def tend_model(*, model_id: int, **_: Any) -> None:
    worker.tend(model_id=model_id, clock=timezone.now)


@shared_task
def sweep_models(**_: Any) -> None:
    for model_id in worker.due_models(now=timezone.now(), limit=MODELS_PER_SWEEP):
        send("runs.tasks.tend_model", model_id=model_id)
    worker.look_once_more(now=timezone.now())
