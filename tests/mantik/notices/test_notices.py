"""People are told what happened, once, under the bell and by mail."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from mantik.accounts.models import User
from mantik.lib.leases import take
from mantik.notices import outbox
from mantik.notices.models import Letter, Notice
from mantik.notices.services import notify
from mantik.notices.views import PAGE
from tests.conftest import ClientOf
from tests.support.factories import make_notice, make_user
from tests.support.pages import neighbour, page_text

pytestmark = pytest.mark.django_db
LIST = "/settings/notices/"


def test_a_notice_is_counted_until_it_is_read(client_of: ClientOf, owner: User) -> None:
    notify(user=owner, text="juwels refuses your login.", url="/settings/connections/")
    client = client_of(owner)

    page = client.get(LIST)
    text = page_text(page)
    assert "Notices 1 to look at" in text
    assert "juwels refuses your login." in text
    assert 'href="/settings/connections/"' in page.content.decode()

    text = page_text(client.post(f"{LIST}read/", {"up_to": page.context["notices"][0].pk}, follow=True))
    assert "to look at" not in text
    assert "Read" in text


def test_what_came_while_the_page_was_open_stays_unread(client_of: ClientOf, owner: User) -> None:
    notify(user=owner, text="First.")
    client = client_of(owner)
    shown = client.get(LIST).context["notices"][0].pk
    notify(user=owner, text="Second.")

    client.post(f"{LIST}read/", {"up_to": shown})

    assert [notice.text for notice in Notice.objects.unread()] == ["Second."]


@pytest.mark.parametrize("up_to", ["", "all", "-1", "9" * 40])
def test_a_form_that_was_bent_marks_nothing_it_may_not(client_of: ClientOf, owner: User, up_to: str) -> None:
    other = make_notice(make_user("eve"), "Not yours.")

    assert client_of(owner).post(f"{LIST}read/", {"up_to": up_to}).status_code == 302
    other.refresh_from_db()
    assert other.is_unread


def test_nobody_sees_the_notices_of_others(client_of: ClientOf, owner: User, outsider: User) -> None:
    notify(user=owner, text="juwels refuses your login.")

    assert "juwels" not in page_text(client_of(outsider).get(LIST))


def test_with_a_key_one_is_told_once(owner: User, outsider: User) -> None:
    for user in (owner, owner, outsider):
        notify(user=user, text="Expires soon.", key="expiry:1")
    for _ in range(2):
        notify(user=owner, text="Refused.")

    assert Notice.objects.filter(text="Expires soon.").count() == 2
    assert Notice.objects.filter(text="Refused.").count() == 2
    assert Letter.objects.count() == 4


def test_without_the_bell_it_is_listed_and_mailed_but_not_counted(client_of: ClientOf, owner: User) -> None:
    notify(user=owner, text="You are invited.", bell=False)

    text = page_text(client_of(owner).get(LIST))
    assert "to look at" not in text
    assert "You are invited." in text
    assert Letter.objects.count() == 1


def test_a_closed_account_is_told_nothing(owner: User) -> None:
    owner.is_active = False

    notify(user=owner, text="Expires soon.")

    assert not Notice.objects.exists()
    assert not Letter.objects.exists()


def test_a_long_list_is_read_page_by_page(client_of: ClientOf, owner: User) -> None:
    for number in range(PAGE + 1):
        make_notice(owner, f"Number {number}.")
    client = client_of(owner)

    newest = client.get(LIST)
    older = client.get(neighbour(newest, "next") or "")

    assert [notice.text for notice in older.context["notices"]] == ["Number 0."]
    assert neighbour(older, "next") is None
    assert client.get(neighbour(older, "prev") or "").context["notices"][0].text == f"Number {PAGE}."


def test_a_long_notice_takes_one_line_where_a_page_says_more(client_of: ClientOf, owner: User) -> None:
    text = "The schedule nightly in Solar was paused. It failed 5 times in a row. Look at its last runs."
    notify(user=owner, text=text, url=reverse("connections:list"))
    notify(user=owner, text="Nothing else says this, so all of it stands here.")

    html = client_of(owner).get(LIST).content.decode()

    assert f'title="{text}"><span class="one-line">{text}</span></a>' in html
    assert '<span class="row-name">Nothing else says this' in html


def test_mail_goes_out_after_the_commit_and_leads_back(
    owner: User, settings: Any, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    settings.MANTIK_BASE_URL = "https://mantik.example.org"
    with django_capture_on_commit_callbacks():
        notify(user=owner, text="juwels refuses your login. Replace its secret.", url=reverse("connections:list"))
        assert not mail.outbox

    outbox.send_due()

    [message] = mail.outbox
    assert (message.to, message.subject) == (["alice@example.org"], "juwels refuses your login")
    assert "Replace its secret.\n\nhttps://mantik.example.org/settings/connections/" in message.body
    assert not Letter.objects.exists()


def test_what_did_not_happen_is_not_mailed(owner: User) -> None:
    with transaction.atomic():
        notify(user=owner, text="Refused.")
        transaction.set_rollback(True)

    outbox.send_due()

    assert not mail.outbox
    assert not Notice.objects.exists()


class NoMailServer(EmailBackend):
    """As a mail server that hangs up."""

    def send_messages(self, email_messages: Any) -> int:
        assert email_messages
        raise SMTPServerDisconnected("Connection unexpectedly closed")


def _let_pass(**time: int) -> None:
    for letter in Letter.objects.all():
        letter.next_attempt_at -= timedelta(**time)
        letter.save()


def test_a_mail_server_that_is_down_delays_a_letter_and_loses_none(owner: User, settings: Any) -> None:
    notify(user=owner, text="Refused.")
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.NoMailServer"
    outbox.send_due()
    outbox.send_due()

    letter = Letter.objects.get()
    assert (letter.attempts, letter.error) == (1, "SMTPServerDisconnected: Connection unexpectedly closed")
    assert letter.next_attempt_at > timezone.now()

    settings.EMAIL_BACKEND = backend
    _let_pass(minutes=2)
    outbox.send_due()
    assert [message.body.splitlines()[0] for message in mail.outbox] == ["Refused."]


def test_a_letter_is_given_up_after_a_week(owner: User, settings: Any) -> None:
    notify(user=owner, text="Refused.")
    Letter.objects.update(created_at=timezone.now() - timedelta(days=8))
    settings.EMAIL_BACKEND = f"{__name__}.NoMailServer"

    outbox.send_due()

    assert not Letter.objects.exists()
    assert Notice.objects.get().is_unread


def test_a_letter_to_an_address_that_no_header_takes_does_not_hold_up_the_others(owner: User) -> None:
    outbox.write_letter(address=f"ada@{'ü' * 60}.de", subject="Invitation", text="To nobody.")
    outbox.write_letter(address=owner.email, subject="Invitation", text="To somebody.")
    outbox.send_due()
    assert [message.body.splitlines()[0] for message in mail.outbox] == ["To somebody."]
    assert Letter.objects.get().error.startswith("UnicodeError")


def test_a_letter_that_somebody_is_sending_is_left_to_them(owner: User) -> None:
    notify(user=owner, text="Refused.")
    letter, now = Letter.objects.get(), timezone.now()
    assert take(Letter.objects.all(), key=letter.pk, now=now, time=timedelta(minutes=1))

    outbox.send(letter.uuid)
    outbox.send_due()

    assert not mail.outbox
    assert Letter.objects.get().attempts == 0


@pytest.mark.parametrize("is_given_up", [False, True])
def test_who_lost_a_letter_says_nothing_about_it(
    owner: User, monkeypatch: pytest.MonkeyPatch, is_given_up: bool
) -> None:
    notify(user=owner, text="Refused.")
    if is_given_up:
        Letter.objects.update(created_at=timezone.now() - timedelta(days=8))
    other = uuid4()

    def taken_over(_message: EmailMessage) -> None:
        Letter.objects.update(lease_token=other)
        raise SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(EmailMessage, "send", taken_over)
    outbox.send_due()

    letter = Letter.objects.get()
    assert (letter.lease_token, letter.error) == (other, "")


def test_a_letter_of_a_worker_that_died_goes_out_later(owner: User) -> None:
    notify(user=owner, text="Refused.")
    letter, now = Letter.objects.get(), timezone.now()
    assert take(Letter.objects.all(), key=letter.pk, now=now - timedelta(minutes=2), time=timedelta(minutes=1))

    outbox.send_due()

    assert len(mail.outbox) == 1
    assert not Letter.objects.exists()


def test_a_subject_is_one_line(owner: User) -> None:
    outbox.write_letter(address="a@example.org", subject="Two\nlines\r\nBcc: x@example.org", text="Text")

    assert Letter.objects.get().subject == "Two lines Bcc: x@example.org"


def test_operators_see_what_is_stuck_without_its_text(client_of: ClientOf, operator: User, owner: User) -> None:
    notify(user=owner, text="Quartz refuses your login. Ask Ada.")
    letter = Letter.objects.get()

    page = client_of(operator).get(reverse("admin:notices_letter_change", args=[letter.pk])).content.decode()

    assert "alice@example.org" in page
    assert "Ask Ada" not in page
