"""Background work on projects. Each task loads its row and makes one service call."""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from projects.code import mirrors
from projects.services import experiments_in_mlflow

# How many messages one sweep sends; the next sweep sends more.
MAX_SENT = 50


# MANTIK_GIT_TIMEOUT ends git, with an error that says what happened. These limits end a worker that hangs;
# projects/code/mirrors.py has the hard one, too.
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


# It is in the same queue as the fetches, so no sweep adds messages while no worker takes them.
@shared_task
def sweep_fetches(**_: Any) -> None:
    mirrors.send_for_those_in_turn(now=timezone.now(), limit=MAX_SENT)


@shared_task
def sweep_experiments(**_: Any) -> None:
    experiments_in_mlflow.sweep(now=timezone.now())
