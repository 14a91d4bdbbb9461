"""E-mail goes through a table: it is stored with the change it is about, sent after the commit, and tried for a week.

If a worker dies after the mail server accepted a letter and before its row is deleted, the letter is sent twice. None
is lost.

E-mail about accounts goes the same way, so that no page waits for the mail server. Its text is encrypted in the table,
and a letter that lets anyone in who has it is not kept for long.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPException
from typing import TypeVar
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.utils import timezone

from mantik.lib.backoff import backoff
from mantik.lib.leases import Lease, take
from mantik.lib.queue import send_on_commit
from mantik.lib.sealing import SealBroken
from mantik.notices.models import AnyLetter, Letter, SealedLetter

log = structlog.get_logger(__name__)

GIVE_UP_AFTER = timedelta(days=7)
# A letter with a link or a code. Links are valid for three days, but whoever waits for one asks again within minutes,
# and what lets anyone in should not lie about. After an hour a link still has nearly all of its time.
GIVE_UP_SECRETS_AFTER = timedelta(hours=1)
BATCH = 100
# CELERY_TASK_TIME_LIMIT, the hard limit of a task; a letter takes a small part of it.
LONGEST_TURN = timedelta(minutes=6)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
# The longest pause is this part of the time until a letter is given up: one with little time gets several tries, too.
_LONGEST_PART = 1 / 6
FOOTER = (
    "-- \nMantik sends this because somebody invited you, or because something happened in your projects or "
    "groups or to your connections."
)

AnyL = TypeVar("AnyL", bound=AnyLetter)


class NoMailServer(Exception):
    """What is sealed would be printed into a log."""

    def __init__(self) -> None:
        super().__init__("MANTIK_EMAIL_URL names no mail server.")


def write_letter(*, address: str, subject: str, text: str) -> None:
    """Store a letter in the current transaction; a worker sends it once that is committed."""
    now = timezone.now()
    letter = Letter.objects.create(
        address=address,
        subject=_line(subject),
        text=f"{text}\n\n{FOOTER}\n",
        created_at=now,
        next_attempt_at=now,
    )
    send_on_commit("mantik.notices.tasks.send_letter", uuid=str(letter.uuid))


def write_sealed_letter(*, address: str, subject: str, text: str, give_up_after: timedelta) -> None:
    """As `write_letter`, for a text that nobody else may read. The subject and the address are stored as they are."""
    now = timezone.now()
    letter = SealedLetter(
        address=address, subject=_line(subject), created_at=now, next_attempt_at=now, send_until=now + give_up_after
    )
    letter.put(text)
    letter.save()
    # The same message as for other letters: workers of older releases know it, and find no such letter.
    send_on_commit("mantik.notices.tasks.send_letter", uuid=str(letter.uuid))


def is_only_printed() -> bool:
    """Whether there is no mail server."""
    return bool(settings.EMAIL_BACKEND == "django.core.mail.backends.console.EmailBackend")


def send(uuid: UUID) -> None:
    """Send one letter, unless another worker is sending it. If the mail server refuses it, it is tried again later."""
    now = timezone.now()
    _send_first(Letter.objects.due(now=now).filter(uuid=uuid), now=now)
    _send_first(SealedLetter.objects.due(now=now).filter(uuid=uuid), now=now)


def send_due() -> None:
    """Send letters that are due, those about accounts first: somebody sits there and waits."""
    now = timezone.now()
    for due in (SealedLetter.objects.due(now=now), Letter.objects.due(now=now)):
        for uuid in due.values_list("uuid", flat=True)[:BATCH]:
            send(uuid)


def _send_first(due: QuerySet[AnyL], *, now: datetime) -> None:
    letter = due.first()
    lease = _claim(due, letter, now=now) if letter else None
    if letter is None or lease is None:
        return
    with lease.kept(clock=timezone.now, longest=LONGEST_TURN):
        _send(letter, lease, now=now)


def _send(letter: AnyL, lease: Lease[AnyL], *, now: datetime) -> None:
    if isinstance(letter, SealedLetter) and letter.send_until <= now:
        _give_up(letter, lease, reason="TooLate")
        return
    try:
        EmailMessage(subject=letter.subject, body=_text(letter), to=[letter.address]).send()
    # ValueError: an address that cannot be written in a header, such as one whose domain is too long in punycode.
    except (SMTPException, OSError, ValueError, SealBroken, NoMailServer) as error:
        _note_failure(letter, lease, error, now=now)
    else:
        lease.mine.delete()


def _text(letter: AnyLetter) -> str:
    """Raises SealBroken and NoMailServer."""
    if isinstance(letter, Letter):
        return letter.text
    assert isinstance(letter, SealedLetter)
    if is_only_printed() and not settings.MANTIK_DEBUG:
        raise NoMailServer
    return letter.reveal()


def _claim(due: QuerySet[AnyL], letter: AnyL, *, now: datetime) -> Lease[AnyL] | None:
    """Count the attempt before sending, and put the next one off, in case this letter kills its worker."""
    end = _end(letter)
    longest = min(_LONGEST_PAUSE, (end - letter.created_at) * _LONGEST_PART)
    pause = backoff(letter.attempts, first=_FIRST_PAUSE, longest=longest)
    return take(due, key=letter.pk, now=now, next_attempt_at=now + pause, attempts=letter.attempts + 1)


def _end(letter: AnyLetter) -> datetime:
    return letter.send_until if isinstance(letter, SealedLetter) else letter.created_at + GIVE_UP_AFTER


def _note_failure(letter: AnyL, lease: Lease[AnyL], error: Exception, *, now: datetime) -> None:
    end = _end(letter)
    if isinstance(error, SealBroken):
        # While keys are rotated, a worker may get the new one a little later than the web server.
        end = min(end, letter.created_at + GIVE_UP_SECRETS_AFTER)
    if now > end:
        _give_up(letter, lease, reason=type(error).__name__)
        return
    log.warning("letter_not_sent", subject=letter.subject, error=type(error).__name__, attempts=letter.attempts + 1)
    lease.give_back(error=_words(letter, error)[:200])


def _give_up(letter: AnyL, lease: Lease[AnyL], *, reason: str) -> None:
    log.error("letter_given_up", subject=letter.subject, error=reason)
    lease.mine.delete()


def _words(letter: AnyLetter, error: Exception) -> str:
    """For operators. A server that refuses a text may quote it, such as a link in it."""
    if isinstance(letter, SealedLetter) and isinstance(error, SMTPDataError):
        return f"SMTPDataError: {error.smtp_code}"
    return f"{type(error).__name__}: {error}"


def _line(subject: str) -> str:
    return " ".join(subject.split())[:200]
