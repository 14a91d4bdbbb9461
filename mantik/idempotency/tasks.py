"""Periodic task: deletes old keys."""

from celery import shared_task
from django.utils import timezone

from mantik.idempotency import services


@shared_task
def sweep_keys() -> None:
    services.forget_old(now=timezone.now())
