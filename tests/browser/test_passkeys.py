"""Passkeys, with an authenticator that Chromium pretends to have."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from tests.browser.conftest import Opener
from tests.support.factories import PASSWORD

ADD = "/settings/account/passkeys/add/"
SIGN_IN = "/accounts/sign-in/"
PROJECTS = "**/projects/"


class Device:
    """Holds the passkeys of one person, and moves from browser to browser with them."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = made["authenticatorId"]

    def passkeys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})[
            "credentials"
        ]
        return found

    def take_over(self, other: Device) -> None:
        for passkey in other.passkeys():
            self._session.send("WebAuthn.addCredential", {"authenticatorId": self._id, "credential": passkey})


def add_passkey(page: Page, *, alone: bool) -> None:
    page.goto(ADD)
    page.get_by_label("Name").fill("laptop")
    page.get_by_label("Sign in without a password").set_checked(alone)
    page.get_by_role("button", name="Add passkey").click()
    page.wait_for_url("**/settings/account/second-factors/**")


def test_a_passkey_signs_in_by_itself(alice: User, open_page: Opener) -> None:
    visit = open_page(alice, confirmed=True)
    device = Device(visit.page)
    add_passkey(visit.page, alone=True)
    assert len(device.passkeys()) == 1

    elsewhere = open_page()
    Device(elsewhere.page).take_over(device)
    page = elsewhere.goto(SIGN_IN)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(PROJECTS)
    expect(page.get_by_text("signed in as alice")).to_be_attached()
    assert AuditEvent.objects.get(verb="account.signed_in").after == {"with": "passkey"}
    assert visit.complaints == elsewhere.complaints == []


def test_a_passkey_is_a_second_factor(alice: User, open_page: Opener) -> None:
    visit = open_page(alice, confirmed=True)
    device = Device(visit.page)
    add_passkey(visit.page, alone=False)

    elsewhere = open_page()
    Device(elsewhere.page).take_over(device)
    page = elsewhere.goto(SIGN_IN)
    page.get_by_label("User name or e-mail address").fill("alice")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    assert elsewhere.barriers() == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(PROJECTS)
    assert elsewhere.complaints == []


def test_a_device_without_a_passkey_is_told_in_words(alice: User, open_page: Opener) -> None:
    visit = open_page()
    Device(visit.page)
    page = visit.goto(SIGN_IN)
    page.get_by_role("button", name="Use a passkey").click()
    alert = page.get_by_role("alert").filter(visible=True)
    expect(alert).to_contain_text("this device has no passkey that signs in without the password. If yours is a second")
    assert page.url.endswith(SIGN_IN)


def test_a_page_that_is_sensitive_takes_a_passkey_for_an_answer(alice: User, open_page: Opener) -> None:
    visit = open_page(alice, confirmed=True)
    device = Device(visit.page)
    add_passkey(visit.page, alone=True)
    other = open_page(alice)
    Device(other.page).take_over(device)
    page = other.goto("/settings/account/second-factors/codes/")
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def test_without_javascript_no_passkey_is_offered(alice: User, open_page: Opener) -> None:
    page = open_page(javascript=False).goto(SIGN_IN)
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()
    page.get_by_label("User name or e-mail address").fill("alice")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(PROJECTS)
