"""Authenticator apps and recovery codes, through the pages."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from mantik.accounts.models import FactorSecret, Session, User
from mantik.audit.models import AuditEvent
from mantik.lib.rotation import rotate_all
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.services import make_token
from tests.conftest import ClientOf
from tests.support.factories import PASSKEY, PASSWORD, make_second_factors, make_user
from tests.support.pages import confirm_identity, page_text

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/sign-in/"
SECOND = "/accounts/second-factor/"
FACTORS = "/settings/account/second-factors/"
# The answer of no passkey.
FOREIGN = '{"rawId": "Zm9yZWlnbg"}'


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def sign_in(client: Client, name: str = "alice") -> str:
    return str(client.post(SIGN_IN, {"username": name, "password": PASSWORD})["Location"])


def test_an_app_is_added_with_a_code_of_it_and_recovery_codes_come_along(client_of: ClientOf, alice: User) -> None:
    client = client_of(alice)
    confirm_identity(client, alice)
    secret = client.get(f"{FACTORS}app/").context["form"].secret
    done = client.post(f"{FACTORS}app/", {"code": code_of(secret)}, follow=True)
    assert done.redirect_chain[-1][0] == f"{FACTORS}codes/"
    assert "10 of 10 codes are left" in page_text(done)
    assert {"totp", "recovery_codes"} == set(Authenticator.objects.values_list("type", flat=True))
    assert AuditEvent.objects.get(verb="account.second_factor_added").after == {"factor": "authenticator app"}


def test_a_wrong_code_adds_nothing(client_of: ClientOf, alice: User) -> None:
    client = client_of(alice)
    confirm_identity(client, alice)
    client.get(f"{FACTORS}app/")
    response = client.post(f"{FACTORS}app/", {"code": "000000"})
    assert response.status_code == 422
    assert "This code is wrong or has expired. Type the code that your app shows now." in page_text(response)
    assert "recovery code" not in page_text(response)
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("page", ["app/", "codes/", "codes/new/", "codes/download/"])
def test_what_secures_an_account_is_shown_to_who_says_once_more_who_they_are(
    client_of: ClientOf, alice: User, page: str
) -> None:
    client = client_of(alice)
    if page != "app/":
        make_second_factors(alice)
    assert client.get(f"{FACTORS}{page}")["Location"].startswith("/accounts/again/")


def test_signing_in_asks_for_a_code(client: Client, alice: User) -> None:
    secret = make_second_factors(alice)
    assert sign_in(client) == SECOND
    assert not is_signed_in(client)
    assert client.post(SECOND, {"code": code_of(secret)})["Location"] == "/projects/"
    assert is_signed_in(client)
    event = AuditEvent.objects.get(verb="account.signed_in")
    assert event.after == {"with": "password and authenticator app"}


def test_a_wrong_code_does_not_let_in(client: Client, alice: User) -> None:
    make_second_factors(alice)
    sign_in(client)
    response = client.post(SECOND, {"code": "000000"})
    assert response.status_code == 422
    assert "This code is wrong, has expired or was already used." in page_text(response)
    assert "or a recovery code that you have not used yet." in page_text(response)
    assert not is_signed_in(client)


def test_codes_cannot_be_guessed(client: Client, alice: User) -> None:
    secret = make_second_factors(alice)
    sign_in(client)
    for number in range(5):
        client.post(SECOND, {"code": f"00000{number}"})
    response = client.post(SECOND, {"code": code_of(secret)})
    assert "Too many failed attempts." in page_text(response)


def test_a_recovery_code_lets_in_once(alice: User) -> None:
    make_second_factors(alice)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client)
        client.post(SECOND, {"code": code})
    assert (is_signed_in(first), is_signed_in(second)) == (True, False)


def test_a_passkey_that_is_refused_is_no_wrong_code(client: Client, client_of: ClientOf, alice: User) -> None:
    make_second_factors(alice)
    refused = "Mantik does not accept this passkey. It may have been removed from your account, or the page was open"
    by_itself = client.post("/accounts/passkey/", {"credential": FOREIGN}, follow=True)
    sign_in(client)
    second = client.post(SECOND, {"credential": FOREIGN})
    again = client_of(alice).post("/accounts/again/passkey/", {"credential": FOREIGN}, follow=True)
    for response in (by_itself, second, again):
        text = page_text(response)
        assert refused in text
        assert "or sign in another way." in text
        assert "This code" not in text


def test_a_new_passkey_that_is_refused_is_no_wrong_code(client_of: ClientOf, alice: User) -> None:
    """The session has forgotten what the page asked the device for."""
    client = client_of(alice)
    confirm_identity(client, alice)
    response = client.post("/settings/account/passkeys/add/", {"name": "laptop", "credential": json.dumps(PASSKEY)})
    assert response.status_code == 422
    text = page_text(response)
    assert "Mantik does not accept this passkey. The page may have been open too long. Try again." in text
    assert "This code" not in text


def test_a_passkey_that_is_renamed_is_on_record(client_of: ClientOf, alice: User) -> None:
    make_second_factors(alice)
    passkey = Authenticator.objects.get(type="webauthn")
    client = client_of(alice)
    confirm_identity(client, alice)
    for _ in range(2):
        client.post(f"/settings/account/passkeys/{passkey.pk}/", {"name": "red key"})
    (event,) = AuditEvent.objects.filter(verb="account.passkey_renamed")
    assert (event.actor, event.before, event.after) == (alice, {"name": "blue key"}, {"name": "red key"})


def test_the_admin_is_no_way_around_it(client: Client) -> None:
    make_second_factors(make_user("otto", is_staff=True, is_superuser=True))
    asked = client.get("/admin/login/?next=/admin/")
    assert asked["Location"] == f"{SIGN_IN}?next=%2Fadmin%2F"
    client.post("/admin/login/", {"username": "otto", "password": PASSWORD, "next": "/admin/"})
    assert not is_signed_in(client)
    assert sign_in(client, "otto") == SECOND


def test_somebody_who_is_no_operator_is_refused_by_the_admin_login(client_of: ClientOf, alice: User) -> None:
    assert client_of(alice).get("/admin/login/").status_code == 403


def test_an_app_can_be_removed_and_its_secret_goes_too(client_of: ClientOf, alice: User) -> None:
    make_second_factors(alice)
    Authenticator.objects.filter(type="webauthn").delete()
    client = client_of(alice)
    confirm_identity(client, alice)
    client.post(f"{FACTORS}app/remove/")
    assert not Authenticator.objects.exists()
    assert not FactorSecret.objects.exists()


def test_no_secret_of_a_factor_lies_in_the_database(alice: User) -> None:
    secret = make_second_factors(alice)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        held = str(cursor.fetchall())
        cursor.execute("SELECT sealed_secret FROM accounts_factorsecret")
        held += str(cursor.fetchall())
    assert not any(part in held for part in [secret, *codes])


def test_a_rotation_of_the_keys_takes_them_along(alice: User, settings: Settings) -> None:
    secret = make_second_factors(alice)
    new = "jYmPZmkIvyZzFzcb6n5oDaGQ2NrLa2kV0tbTZuRnq4o="
    settings.MANTIK_ENCRYPTION_KEYS = [new, *settings.MANTIK_ENCRYPTION_KEYS]
    rotate_all()
    settings.MANTIK_ENCRYPTION_KEYS = [new]
    totp = Authenticator.objects.get(type="totp").wrap()
    assert totp.validate_code(code_of(secret))


def test_a_secret_that_does_not_open_is_a_sentence(client: Client, alice: User) -> None:
    secret = make_second_factors(alice)
    FactorSecret.objects.update(sealed_secret="broken")
    sign_in(client)
    response = client.post(SECOND, {"code": code_of(secret)})
    assert response.status_code == 422
    assert "can no longer be checked" in page_text(response)


def test_an_operator_resets_them_for_who_has_lost_them(client: Client, client_of: ClientOf, alice: User) -> None:
    make_second_factors(alice)
    client_of(alice)
    call_command("reset_second_factors", "alice")
    assert not Session.objects.of(alice).exists()
    assert sign_in(client) == "/projects/"
    assert AuditEvent.objects.get(verb="account.second_factors_reset").actor_name == "Mantik"


def reset(*options: str) -> str:
    said = StringIO()
    call_command("reset_second_factors", "alice", *options, stdout=said)
    return said.getvalue()


def test_a_reset_says_how_many_tokens_stay_valid_and_revokes_them_if_asked(alice: User) -> None:
    make_second_factors(alice)
    now = timezone.now()
    for name in ("ci", "notebook"):
        make_token(user=alice, name=name, scope=Scope.READ, expires_at=now + timedelta(days=1), now=now)

    assert "2 personal access tokens are still valid; --revoke-tokens revokes all." in reset()
    assert "alice has no second factor.\n2 personal access tokens were revoked." in reset("--revoke-tokens")

    assert not PersonalAccessToken.objects.valid().exists()
    assert AuditEvent.objects.filter(verb="token.revoked", actor_name="Mantik").count() == 2


@pytest.mark.parametrize(("name", "words"), [("nobody", "no account named nobody"), ("alice", "no second factor")])
def test_a_reset_that_has_nothing_to_do_says_so(alice: User, name: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("reset_second_factors", name)


@pytest.mark.parametrize(
    ("page", "of"),
    [("codes/new/", "recovery_codes_renewed"), ("app/remove/", "second_factor_removed")],
)
def test_what_is_changed_of_second_factors_is_stored_with_its_event_or_not_at_all(
    client_of: ClientOf, alice: User, monkeypatch: pytest.MonkeyPatch, page: str, of: str
) -> None:
    """As if the process had died between the two."""
    make_second_factors(alice)
    client = client_of(alice)
    confirm_identity(client, alice)
    before = list(Authenticator.objects.order_by("pk").values_list("pk", flat=True))
    stored = AuditEvent.save

    def dies(event: AuditEvent, *arguments: object, **options: object) -> None:
        if event.verb == f"account.{of}":
            raise ConnectionError
        stored(event, *arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(AuditEvent, "save", dies)
        with pytest.raises(ConnectionError):
            client.post(f"{FACTORS}{page}")
    assert list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)) == before
    assert client.post(f"{FACTORS}{page}").status_code == 302
    assert AuditEvent.objects.filter(verb=f"account.{of}").exists()
