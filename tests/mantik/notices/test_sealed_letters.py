"""Letters whose text nobody else may read: sent like others, but not kept for long."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPDataError
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings
from structlog.testing import capture_logs

from mantik.accounts.models import User
from mantik.lib.leases import take
from mantik.notices import outbox
from mantik.notices.models import SealedLetter
from tests.conftest import ClientOf
from tests.support.factories import make_letter, make_sealed_letter

pytestmark = pytest.mark.django_db

LINK = "https://mantik.example.org/accounts/password/reset/1-abc/"
NEW, LOST = (Fernet.generate_key().decode() for _ in range(2))


class Quoting(EmailBackend):
    """As a mail server that refuses a text, and says what it does not like about it."""

    def send_messages(self, email_messages: Any) -> int:
        assert email_messages
        raise SMTPDataError(554, f"Looks like spam: {LINK}".encode())


def aged(letter: SealedLetter, age: timedelta) -> None:
    for column in ("created_at", "send_until", "next_attempt_at"):
        setattr(letter, column, getattr(letter, column) - age)
    letter.save()


def sent() -> list[str]:
    return [str(message.body) for message in mail.outbox]


def test_it_is_sealed_until_a_worker_sends_it() -> None:
    outbox.write_sealed_letter(
        address="ada@example.org", subject="Two\nlines", text=LINK, give_up_after=timedelta(hours=1)
    )
    letter = SealedLetter.objects.get()
    assert letter.subject == "Two lines"
    assert LINK not in letter.sealed_text

    outbox.send_due()

    assert sent() == [LINK]
    assert not SealedLetter.objects.exists()


def test_it_goes_before_what_nobody_waits_for() -> None:
    make_letter(text="A notice.", next_attempt_at=timezone.now() - timedelta(days=1))
    make_sealed_letter(LINK)
    outbox.send_due()
    assert sent() == [LINK, "A notice."]


def test_who_is_sending_it_has_it_alone() -> None:
    letter, now = make_sealed_letter(LINK), timezone.now()
    assert take(SealedLetter.objects.all(), key=letter.pk, now=now, time=timedelta(minutes=1))
    outbox.send(letter.uuid)
    outbox.send_due()
    assert sent() == []


def test_after_its_time_it_is_deleted_and_not_sent() -> None:
    aged(make_sealed_letter(LINK), timedelta(minutes=61))
    with capture_logs() as logs:
        outbox.send_due()
    assert sent() == []
    assert not SealedLetter.objects.exists()
    assert logs == [{"event": "letter_given_up", "subject": "Hello", "error": "TooLate", "log_level": "error"}]


def test_it_is_tried_some_times_before_that(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Quoting"
    letter = make_sealed_letter(LINK)
    for _ in range(20):
        outbox.send_due()
        row = SealedLetter.objects.filter(pk=letter.pk).first()
        if row is None:
            break
        tries = row.attempts
        aged(row, row.next_attempt_at - timezone.now())
    assert row is None
    assert 8 <= tries <= 12


def test_what_the_mail_server_quotes_of_it_is_not_stored(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Quoting"
    make_sealed_letter(LINK)
    with capture_logs() as logs:
        outbox.send_due()
    letter = SealedLetter.objects.get()
    assert letter.error == "SMTPDataError: 554"
    assert LINK not in str(logs)


# Keys


def test_a_rotation_of_keys_keeps_it_readable(settings: Settings) -> None:
    (old,) = settings.MANTIK_ENCRYPTION_KEYS
    make_sealed_letter(LINK)
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, old]
    call_command("rotate_keys", verbosity=0)
    settings.MANTIK_ENCRYPTION_KEYS = [NEW]
    outbox.send_due()
    assert sent() == [LINK]


def test_a_worker_that_gets_the_key_a_little_later_loses_nothing(settings: Settings) -> None:
    keys = settings.MANTIK_ENCRYPTION_KEYS
    letter = make_sealed_letter(LINK)
    settings.MANTIK_ENCRYPTION_KEYS = [LOST]
    outbox.send_due()
    assert SealedLetter.objects.get().error.startswith("SealBroken: ")
    settings.MANTIK_ENCRYPTION_KEYS = keys
    SealedLetter.objects.filter(pk=letter.pk).update(next_attempt_at=timezone.now())
    outbox.send_due()
    assert sent() == [LINK]


def test_without_its_key_it_is_given_up_within_an_hour_however_long_it_would_be_tried(settings: Settings) -> None:
    letter = make_sealed_letter(LINK, send_until=timezone.now() + timedelta(days=7))
    aged(letter, timedelta(minutes=61))
    settings.MANTIK_ENCRYPTION_KEYS = [LOST]
    with capture_logs() as logs:
        outbox.send_due()
    assert not SealedLetter.objects.exists()
    assert [(line["event"], line["error"]) for line in logs] == [("letter_given_up", "SealBroken")]


def test_a_text_of_another_row_is_not_sent() -> None:
    """Whoever can write to the database sends nobody else's link to themselves."""
    mine, other = make_sealed_letter(LINK), make_sealed_letter("Mine.", address="eve@example.org")
    SealedLetter.objects.filter(pk=other.pk).update(sealed_text=mine.sealed_text)
    outbox.send(other.uuid)
    assert sent() == []


def test_operators_see_what_is_stuck_without_its_text(client_of: ClientOf, operator: User) -> None:
    letter = make_sealed_letter(LINK, error="TimeoutError: timed out")
    client = client_of(operator)
    for page, args in (("changelist", []), ("change", [letter.pk])):
        content = client.get(reverse(f"admin:notices_sealedletter_{page}", args=args)).content.decode()
        assert "TimeoutError: timed out" in content
        assert "ada@example.org" in content
        assert LINK not in content
        assert letter.sealed_text not in content
