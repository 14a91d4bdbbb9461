"""Every address that takes a form is in one of two lists: kept and shown again, or not, with a reason."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from mantik.kept_forms.addresses import is_entrance, is_kept
from tests.matrix.addresses import pages
from tests.support.factories import make_user

IN = "It signs people in, or proves who they are: what is typed there is secret, and there is no member yet."
NOTHING = "It takes nothing that is typed, and nobody loses anything."
PROGRAMS = "Programs send it, without a form."
NOT_KEPT = {
    "account_login": IN,
    "account_signup": IN,
    "account_reset_password": IN,
    "account_reset_password_from_key": IN,
    "account_confirm_email": IN,
    "account_reauthenticate": IN,
    "mfa_authenticate": IN,
    "mfa_login_webauthn": IN,
    "mfa_reauthenticate": IN,
    "mfa_reauthenticate_webauthn": IN,
    "mfa_activate_totp": "Its secret is that of a session, and the next session has another.",
    "mfa_add_webauthn": "What a browser makes for it is valid for one session.",
    "socialaccount_signup": IN,
    "openid_connect_login": IN,
    "openid_connect_callback": PROGRAMS,
    "socialaccount_login_cancelled": NOTHING,
    "socialaccount_login_error": NOTHING,
    "account_logout": NOTHING,
    "account_inactive": NOTHING,
    "account_email_verification_sent": NOTHING,
    "account_reset_password_done": NOTHING,
    "account_reset_password_from_key_done": NOTHING,
    "accounts:theme": NOTHING,
    "accounts:time-zone": NOTHING,
    "mfa_index": NOTHING,
    "mfa_list_webauthn": NOTHING,
    "mfa_view_recovery_codes": NOTHING,
    "mfa_download_recovery_codes": NOTHING,
    "notify": PROGRAMS,
    "tracking": PROGRAMS,
    "whoami": PROGRAMS,
}
_PARTS = {
    "uuid": str(uuid.uuid4()),
    "slug": "none",
    "str": "x",
    "int": "1",
    "path": "x",
}


def url_of(route: str) -> str:
    """An address of nothing, at which a page is found."""
    url = re.sub(r"<(?:(\w+):)?\w+>", lambda found: _PARTS[found[1] or "str"], route)
    return "/" + re.sub(r"\(\?P<\w+>.*?\)(?=[/-])", "x", url).replace("^", "").replace("$", "").replace("\\", "")


@pytest.mark.django_db
def test_each_address_that_takes_a_form_is_in_one_of_the_lists() -> None:
    client = Client()
    client.force_login(make_user("ada", is_staff=True, is_superuser=True))
    undecided = []
    for name, route in pages().items():
        if route.startswith(("admin/", "tracking")) or is_kept(name) or name in NOT_KEPT:
            continue
        if client.post(url_of(route)).status_code != 405:
            undecided.append(name)
    assert undecided == []


def test_each_line_is_an_address_and_none_is_in_both() -> None:
    from mantik.kept_forms.addresses import _ENTRANCES, _KEPT

    assert _KEPT | _ENTRANCES | set(NOT_KEPT) <= {*pages(), "openid_connect_callback"}
    assert not _KEPT & set(NOT_KEPT)
    assert {name for name in _ENTRANCES if not is_entrance(name)} == set()
    assert set(NOT_KEPT) >= _ENTRANCES


def test_of_the_admin_its_forms_are_kept() -> None:
    assert is_kept("admin:connections_site_change")
    assert not is_kept("admin:login")
    assert not is_kept("admin:password_change")
