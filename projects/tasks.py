"""Background work on projects. Shells: load, one service call."""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from mantik.lib.queue import send
from projects.code import mirrors
from projects.models import CodeRepository
from projects.services import experiments


# Git has a time limit of its own, which says what happened; these are for a worker that hangs.
@shared_task(
    acks_late=True,
    soft_time_limit=settings.MANTIK_GIT_TIMEOUT + 60,
    time_limit=settings.MANTIK_GIT_TIMEOUT + 120,
)
def fetch_code_repository(*, repository_id: int, **_: Any) -> None:
    repository = CodeRepository.objects.select_related("connection__owner", "project").filter(pk=repository_id).first()
    if repository:
        # A second worker would only stand and wait, and the first fetch of a large repository takes minutes.
        mirrors.fetch(repository, now=timezone.now(), waits=False)


@shared_task
def clear_up_mirrors(**_: Any) -> None:
    mirrors.clear_up()


@shared_task
def sweep_fetches(**_: Any) -> None:
    for repository_id in mirrors.unserved_requests(now=timezone.now()):
        send("projects.tasks.fetch_code_repository", repository_id=repository_id)


@shared_task
def sweep_experiments(**_: Any) -> None:
    experiments.sweep(now=timezone.now())
