"""E-mail goes through a table: it is stored with the change it is about, sent after the commit, and tried for a week.

If a worker dies after the mail server accepted a letter and before its row is deleted, the letter is sent twice. None
is lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from smtplib import SMTPException
from uuid import UUID

import structlog
from django.core.mail import EmailMessage
from django.utils import timezone

from mantik.lib.backoff import backoff
from mantik.lib.leases import Lease, take
from mantik.lib.queue import send_on_commit
from mantik.notices.models import Letter

log = structlog.get_logger(__name__)

GIVE_UP_AFTER = timedelta(days=7)
BATCH = 100
# CELERY_TASK_TIME_LIMIT, the hard limit of a task; a letter takes a small part of it.
LONGEST_TURN = timedelta(minutes=6)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
FOOTER = (
    "-- \nMantik sends this because somebody invited you, or because something happened in your projects or "
    "groups or to your connections."
)


def write_letter(*, address: str, subject: str, text: str) -> None:
    """Store a letter in the current transaction; a worker sends it once that is committed."""
    letter = Letter.objects.create(
        address=address, subject=" ".join(subject.split())[:200], text=f"{text}\n\n{FOOTER}\n"
    )
    send_on_commit("mantik.notices.tasks.send_letter", uuid=str(letter.uuid))


def send(uuid: UUID) -> None:
    """Send one letter, unless another worker is sending it. If the mail server refuses it, it is tried again later."""
    now = timezone.now()
    letter = Letter.objects.due(now=now).filter(uuid=uuid).first()
    lease = _claim(letter, now=now) if letter else None
    if letter is None or lease is None:
        return
    with lease.kept(clock=timezone.now, longest=LONGEST_TURN):
        _send(letter, lease, now=now)


def _send(letter: Letter, lease: Lease[Letter], *, now: datetime) -> None:
    try:
        EmailMessage(subject=letter.subject, body=letter.text, to=[letter.address]).send()
    # ValueError: an address that cannot be written in a header, such as one whose domain is too long in punycode.
    except (SMTPException, OSError, ValueError) as error:
        _note_failure(letter, lease, error, now=now)
    else:
        lease.mine.delete()


def send_due() -> None:
    for uuid in Letter.objects.due(now=timezone.now()).values_list("uuid", flat=True)[:BATCH]:
        send(uuid)


def _claim(letter: Letter, *, now: datetime) -> Lease[Letter] | None:
    """Count the attempt before sending, and put the next one off, in case this letter kills its worker."""
    pause = backoff(letter.attempts, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    due = Letter.objects.due(now=now)
    return take(due, key=letter.pk, now=now, next_attempt_at=now + pause, attempts=letter.attempts + 1)


def _note_failure(letter: Letter, lease: Lease[Letter], error: Exception, *, now: datetime) -> None:
    if now - letter.created_at > GIVE_UP_AFTER:
        log.error("letter_given_up", subject=letter.subject, error=type(error).__name__)
        lease.mine.delete()
        return
    log.warning("letter_not_sent", subject=letter.subject, error=type(error).__name__, attempts=letter.attempts + 1)
    lease.give_back(error=f"{type(error).__name__}: {error}"[:200])
