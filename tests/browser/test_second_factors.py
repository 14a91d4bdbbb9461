"""An authenticator app, from the QR code's page to the next sign-in."""

from __future__ import annotations

import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.support.factories import PASSWORD, make_user


def sign_in(page: Page) -> None:
    page.get_by_label("User name or e-mail address").fill("alice")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def code_of(secret: str, *, steps_on: int = 0) -> str:
    """A code is good once, so the second one asked for is the next."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps_on))


def test_an_app_is_added_and_asked_for_at_the_next_sign_in(transactional_db: None, open_page: Opener) -> None:
    make_user("alice")
    visit = open_page()
    page = visit.goto("/settings/account/second-factors/")
    sign_in(page)
    page.get_by_role("link", name="Add app").click()
    # Who has just signed in is asked all the same: somebody else may have sat down here since.
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    secret = page.get_by_label("Key", exact=True).inner_text().strip()
    expect(page.get_by_alt_text("QR code")).to_be_visible()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Add app").click()
    expect(page.locator(".codes li")).to_have_count(10)

    elsewhere = open_page()
    page = elsewhere.goto("/accounts/sign-in/")
    sign_in(page)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    for theme in ("light", "dark"):
        elsewhere.look(theme, 390)
        assert elsewhere.barriers() + elsewhere.overflow() == []
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This code is wrong, has expired or was already used.")).to_be_visible()
    page.get_by_label("Code").fill(code_of(secret, steps_on=1))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/projects/")
    assert visit.complaints == elsewhere.complaints == []
