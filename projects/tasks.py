"""Background work on projects. Each task loads its row and makes one service call."""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from projects.code import mirrors
from projects.services import experiments_in_mlflow

# So many fetches are begun by one sweep.
MOST_SENT = 50


# Git has a time limit of its own, with an error that says what happened; these limits end a worker that hangs.
@shared_task(
    acks_late=True,
    soft_time_limit=settings.MANTIK_GIT_TIMEOUT + 60,
    time_limit=settings.MANTIK_GIT_TIMEOUT + 120,
)
def fetch_code_repository(*, repository_id: int, **_: Any) -> None:
    mirrors.fetch_in_turn(repository_id=repository_id, now=timezone.now())


@shared_task
def clear_up_mirrors(**_: Any) -> None:
    mirrors.clear_up(now=timezone.now())


# In the queue of the fetches themselves: while nobody takes those, no sweep adds to them.
@shared_task
def sweep_fetches(**_: Any) -> None:
    mirrors.send_for_those_in_turn(now=timezone.now(), limit=MOST_SENT)


@shared_task
def sweep_experiments(**_: Any) -> None:
    experiments_in_mlflow.sweep(now=timezone.now())
