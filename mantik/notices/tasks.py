"""Sending letters."""

from uuid import UUID

from celery import shared_task

from mantik.notices import letters


@shared_task(acks_late=True)
def send_letter(*, uuid: str) -> None:
    letters.send(UUID(uuid))


@shared_task
def sweep_letters() -> None:
    letters.send_due()
