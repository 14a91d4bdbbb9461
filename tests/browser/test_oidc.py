"""Signing in at a real OpenID provider, in a browser that holds pages to their Content-Security-Policy."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from mantik.accounts.models import User
from mantik.accounts.oidc import form_origins, provider_settings
from tests.browser.conftest import Opener
from tests.support.oidc import PROVIDER_PASSWORD, OidcProvider

SIGN_IN = "/accounts/sign-in/"


@pytest.fixture(autouse=True)
def _provider(transactional_db: None, live_server: LiveServer, oidc_provider: OidcProvider, settings: Settings) -> None:
    client = oidc_provider.register(f"{live_server.url}/accounts/oidc/provider/callback/")
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        issuer=oidc_provider.issuer,
        name="Test ID",
        client_id=client.id,
        client_secret=client.secret,
        scopes=["openid", "profile", "email"],
    )
    allow_forms_to(form_origins(oidc_provider.issuer, []), settings)


def allow_forms_to(origins: list[str], settings: Settings) -> None:
    policy = django_settings.CONTENT_SECURITY_POLICY
    directives = policy["DIRECTIVES"] | {"form-action": ["'self'", *origins]}
    settings.CONTENT_SECURITY_POLICY = policy | {"DIRECTIVES": directives}


def press_the_button(page: Page) -> None:
    page.get_by_role("button", name="Sign in with Test ID").click()


def test_the_button_leads_to_the_provider_and_back_to_where_one_wanted(open_page: Opener) -> None:
    visit = open_page()
    page = visit.goto("/settings/account/")
    press_the_button(page)
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Password").fill(PROVIDER_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/settings/account/")
    expect(page.get_by_text("Signed in as ada.")).to_be_visible()
    assert visit.complaints == []


def test_who_refuses_there_reads_a_sentence_here(open_page: Opener) -> None:
    visit = open_page()
    page = visit.goto(SIGN_IN)
    press_the_button(page)
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_text("Sign-in was cancelled")).to_be_visible()
    assert not User.objects.exists()
    assert visit.complaints == []


def test_a_browser_goes_to_no_origin_that_the_settings_do_not_name(open_page: Opener, settings: Settings) -> None:
    allow_forms_to([], settings)
    visit = open_page()
    page = visit.goto(SIGN_IN)
    with page.expect_console_message(lambda message: "form-action" in message.text):
        press_the_button(page)
    assert page.url.endswith(SIGN_IN)
