"""Sending letters."""

from uuid import UUID

from celery import shared_task

from mantik.notices import outbox


@shared_task(acks_late=True)
def send_letter(*, uuid: str) -> None:
    outbox.send(UUID(uuid))


@shared_task
def sweep_letters() -> None:
    outbox.send_due()
