"""Mail about accounts: pages leave it to the workers, and until it is sent nobody can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account import app_settings as allauth_settings
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from mantik.accounts.models import User
from mantik.notices import outbox, tasks
from mantik.notices.models import Letter, SealedLetter
from tests.conftest import ClientOf
from tests.mantik.accounts.mail import delivered, link_in_last_mail
from tests.support.factories import PASSWORD, make_user
from tests.support.messages import Message
from tests.support.pages import page_text
from tests.support.places import TOP
from tests.support.silent_host import SilentHost

pytestmark = pytest.mark.django_db

SIGN_UP, FORGOTTEN, CHANGE = "/accounts/sign-up/", "/accounts/password/", "/settings/account/password/"
FORM = {"username": "ada", "email": "ada@example.org", "password1": "several long words"}
NEW = {"password1": "quite another phrase", "password2": "quite another phrase", "oldpassword": PASSWORD}
NO_SERVER = "Mantik has no mail server, so no e-mail was sent. Tell an operator."
PRINTED = "django.core.mail.backends.console.EmailBackend"


@pytest.fixture
def silent(settings: Settings) -> Iterator[SilentHost]:
    """A mail server that takes connections and never greets."""
    host = SilentHost()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = host.origin.removeprefix("http://").split(":")
    settings.EMAIL_TIMEOUT = 0.5
    yield host
    host.close()


def written() -> str:
    """All that stands in any column of any table."""
    return "\n".join(
        str(value) for model in apps.get_models() for row in model._base_manager.values_list() for value in row
    )


# Who sends it


def test_no_page_asks_the_mail_server_and_a_worker_does(client: Client, alice: User, silent: SilentHost) -> None:
    assert "ada@example.org" in page_text(client.post(SIGN_UP, FORM, follow=True))
    for address in (alice.email, "nobody@example.org"):
        page = page_text(client.post(FORGOTTEN, {"email": address}, follow=True))
        assert "mail server" not in page
    client.force_login(alice)
    assert client.post(CHANGE, NEW)["Location"] == "/settings/account/"

    assert silent.visits == 0
    assert SealedLetter.objects.count() == 4

    outbox.send_due()

    assert silent.visits == 4
    assert all("timed out" in letter.error for letter in SealedLetter.objects.all())


def test_the_message_to_the_workers_names_only_the_row(
    client: Client, sent: list[Message], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        client.post(SIGN_UP, FORM)
    letter = SealedLetter.objects.get()
    assert sent == [("mantik.notices.tasks.send_letter", {"uuid": str(letter.uuid)})]
    assert not mail.outbox

    tasks.send_letter(uuid=str(letter.uuid))

    (message,) = mail.outbox
    assert (message.to, message.subject) == (["ada@example.org"], "Confirm your address for Mantik")
    assert not SealedLetter.objects.exists()


def test_what_is_asked_for_an_unknown_address_takes_the_same_way(client: Client, alice: User) -> None:
    """Whether it has an account cannot be told by what the page does."""
    ways = []
    for address in (alice.email, "nobody@example.org"):
        client.post(FORGOTTEN, {"email": address})
        letter = SealedLetter.objects.latest("pk")
        ways.append((letter.address == address, letter.send_until - letter.created_at, SealedLetter.objects.count()))
    assert ways == [(True, timedelta(hours=1), 1), (True, timedelta(hours=1), 2)]


def test_whatever_a_form_takes_for_an_address_has_room(client: Client) -> None:
    """PostgreSQL refuses a longer one."""
    labels = ".".join(["l" * 60] * 4)
    address = f"{'a' * (320 - len(labels) - 5)}@{labels}.org"
    assert len(address) == 320
    assert client.post(FORGOTTEN, {"email": address})["Location"] == "/accounts/password/sent/"
    assert SealedLetter.objects.get().address == address
    assert client.post(FORGOTTEN, {"email": f"a{address}"}).status_code == 422


def test_an_address_that_has_an_account_costs_a_hash_as_well(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing takes longest by far of what signing up does."""
    make_user("alice")
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, *args: Any, **kwargs: Any) -> str:
        hashed.append(password)
        return encode(self, password, *args, **kwargs)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    client.post(SIGN_UP, FORM | {"email": "alice@example.org"})
    of_known = len(hashed)
    client.post(SIGN_UP, FORM)
    assert (of_known, len(hashed)) == (1, 2)


# What stands in the database


def test_a_letter_that_waits_cannot_be_read_in_the_database(client: Client, alice: User) -> None:
    client.post(SIGN_UP, FORM)
    client.post(FORGOTTEN, {"email": alice.email})
    texts = [letter.reveal() for letter in SealedLetter.objects.all()]
    everything = written()

    assert not Letter.objects.exists()
    for text, path in zip(texts, ("/accounts/confirm/", "/accounts/password/"), strict=True):
        (key,) = re.findall(rf"{path}([^/\s]+)/\n", text)
        assert len(key) > 20
        assert key not in everything
        assert path not in everything
        assert not any(line in everything for line in text.splitlines() if len(line) > 3)


def test_what_lets_anyone_in_is_kept_for_an_hour_and_what_tells_of_a_change_for_a_week(
    client: Client, client_of: ClientOf, alice: User
) -> None:
    client.post(FORGOTTEN, {"email": alice.email})
    client_of(alice).post(CHANGE, NEW)
    lives = [letter.send_until - letter.created_at for letter in SealedLetter.objects.order_by("pk")]
    assert lives == [timedelta(hours=1), timedelta(days=7)]


def test_a_letter_is_given_up_long_before_its_link_expires() -> None:
    links = timedelta(seconds=django_settings.PASSWORD_RESET_TIMEOUT)
    addresses = timedelta(days=allauth_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS)
    assert min(links, addresses) >= 24 * outbox.GIVE_UP_SECRETS_AFTER


def test_the_link_of_a_letter_that_was_sent_works(client: Client, alice: User) -> None:
    client.post(FORGOTTEN, {"email": alice.email})
    assert client.get(link_in_last_mail())["Location"].endswith("-set-password/")
    assert not SealedLetter.objects.exists()


def _templates(pattern: str) -> list[Path]:
    import allauth

    ours, theirs = TOP / "templates", Path(allauth.__file__).parent / "templates"
    return [path for folder in (ours, theirs) for path in folder.glob(f"*/email/{pattern}")]


def test_no_subject_holds_anything_of_the_account() -> None:
    """It is stored as it is."""
    subjects = _templates("*_subject.txt")
    assert len(subjects) > 20
    assert [path for path in subjects if "{{" in path.read_text()] == []


def test_no_mail_has_another_part_than_its_text() -> None:
    """It would not be sent."""
    assert [path for path in _templates("*") if path.suffix != ".txt"] == []


# Without a mail server


@pytest.mark.parametrize("address", ["alice@example.org", "nobody@example.org"])
def test_no_link_is_printed_into_the_log_of_an_installation(
    client: Client, alice: User, settings: Settings, capfd: pytest.CaptureFixture[str], address: str
) -> None:
    settings.EMAIL_BACKEND, settings.MANTIK_DEBUG = PRINTED, False
    assert NO_SERVER in page_text(client.post(FORGOTTEN, {"email": address}, follow=True))
    assert NO_SERVER in page_text(Client().post(SIGN_UP, FORM, follow=True))
    outbox.send_due()
    output = capfd.readouterr().out
    assert "/accounts/" not in output
    assert "Subject:" not in output
    assert not SealedLetter.objects.exists()


def test_a_worker_without_a_mail_server_prints_none_either(
    client: Client, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    client.post(SIGN_UP, FORM)
    settings.EMAIL_BACKEND, settings.MANTIK_DEBUG = PRINTED, False
    outbox.send_due()
    assert "/accounts/" not in capfd.readouterr().out
    assert SealedLetter.objects.get().error == "NoMailServer: MANTIK_EMAIL_URL names no mail server."


def test_on_a_machine_of_ones_own_it_is_printed_where_it_is_asked_for(
    client: Client, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker need not run there."""
    settings.EMAIL_BACKEND, settings.MANTIK_DEBUG = PRINTED, True
    client.post(SIGN_UP, FORM)
    assert "/accounts/confirm/" in capsys.readouterr().out
    assert not SealedLetter.objects.exists()
    assert delivered() == []
