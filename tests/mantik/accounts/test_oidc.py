"""Signing in at a real OpenID provider, by settings alone. tests/browser/test_oidc.py does it with a browser."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from mantik.accounts.models import User
from mantik.accounts.oidc import form_origins, provider_settings
from mantik.audit.models import AuditEvent
from mantik.lib.networks import parse_allowed
from projects.models import Project
from tests.conftest import ClientOf
from tests.mantik.accounts.mail import subjects
from tests.support.factories import make_invitation, make_second_factors, make_user
from tests.support.oidc import OidcProvider
from tests.support.pages import confirm_identity, page_text

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/oidc/provider/"
SERVICES = "/settings/account/services/"

Pass = Callable[..., HttpResponse]


@pytest.fixture(autouse=True)
def _provider(oidc_provider: OidcProvider, settings: Settings) -> None:
    client = oidc_provider.register(f"http://testserver{LOGIN}callback/")
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        issuer=oidc_provider.issuer,
        name="Test ID",
        client_id=client.id,
        client_secret=client.secret,
        scopes=["openid", "profile", "email"],
    )


@pytest.fixture
def go_through(oidc_provider: OidcProvider) -> Pass:
    """`go_through(client, login)`: press the button, sign in at the provider, come back."""

    def go(client: Client, login: str, *, agrees: bool = True, query: str = "") -> HttpResponse:
        asked = client.post(f"{LOGIN}{query}")
        back = urlsplit(oidc_provider.answer(asked["Location"], login, agrees=agrees))
        return client.get(f"{back.path}?{back.query}", follow=True)  # type: ignore[return-value]

    return go


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_sign_in_page_has_its_button(client: Client) -> None:
    assert "Sign in with Test ID" in page_text(client.get("/accounts/sign-in/"))


def test_the_way_there_is_secured_by_pkce_and_a_state(client: Client, oidc_provider: OidcProvider) -> None:
    asked = client.post(LOGIN)["Location"]
    assert asked.startswith(f"{oidc_provider.issuer}/auth?")
    query = parse_qs(urlsplit(asked).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"]


def test_a_link_from_elsewhere_goes_nowhere_by_itself(client: Client) -> None:
    response = client.get(LOGIN)
    assert response.status_code == 200
    assert "Sign in with Test ID" in page_text(response)


def test_who_is_new_gets_an_account_with_a_confirmed_address(client: Client, go_through: Pass) -> None:
    response = go_through(client, "ada")
    assert response.redirect_chain[-1][0] == "/projects/"  # type: ignore[attr-defined]
    user = User.objects.get()
    assert (user.username, user.display_name, user.email) == ("ada", "Ada Okafor", "ada@example.org")
    assert EmailAddress.objects.get(user=user).verified
    assert AuditEvent.objects.get(verb="account.signed_up").after == {"with": "OpenID Connect"}
    assert AuditEvent.objects.get(verb="account.signed_in").after == {"with": "OpenID Connect"}


def test_the_second_time_it_is_the_same_account(go_through: Pass) -> None:
    for _ in range(2):
        client = Client()
        go_through(client, "ada")
        assert is_signed_in(client)
    assert User.objects.count() == 1


def test_an_address_confirmed_at_both_ends_leads_to_the_account_there_is(client: Client, go_through: Pass) -> None:
    user = make_user("okafor", password="another phrase of hers")
    user.email = "ada@example.org"
    user.save()
    EmailAddress.objects.filter(user=user).update(email="ada@example.org")
    go_through(client, "ada")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert SocialAccount.objects.get().user == user
    assert user.has_usable_password()
    assert AuditEvent.objects.get(verb="account.service_connected").target_name == "okafor"
    assert "A sign-in service was connected to your Mantik account" in subjects()


def test_an_address_that_the_provider_has_not_confirmed_opens_no_account(client: Client, go_through: Pass) -> None:
    make_user("bo")
    response = go_through(client, "bo")
    assert not is_signed_in(client)
    assert "Check your e-mail" in page_text(response)
    assert subjects() == ["You already have a Mantik account"]
    assert not SocialAccount.objects.exists()


def test_an_address_that_is_not_confirmed_here_opens_no_account(client: Client, go_through: Pass) -> None:
    """Somebody may have written another's address into their account, and wait for them to come."""
    trap = make_user("ada")
    EmailAddress.objects.update(verified=False)
    go_through(client, "ada")
    assert not is_signed_in(client)
    assert not SocialAccount.objects.filter(user=trap).exists()


def test_who_has_a_second_factor_is_asked_for_it(client: Client, go_through: Pass) -> None:
    make_second_factors(make_user("ada"))
    response = go_through(client, "ada")
    assert response.redirect_chain[-1][0] == "/accounts/second-factor/"  # type: ignore[attr-defined]
    assert not is_signed_in(client)


NEW_WAYS_IN = [
    "/settings/tokens/add/",
    "/settings/account/password/first/",
    "/settings/account/second-factors/app/",
    "/settings/account/passkeys/add/",
    "/settings/account/delete/",
]


@pytest.mark.parametrize("page", NEW_WAYS_IN)
def test_who_has_only_the_provider_signs_in_there_again(client: Client, go_through: Pass, page: str) -> None:
    go_through(client, "ada")
    assert client.get(page).status_code == 200
    session = client.session
    session["account_authentication_methods"][0]["at"] -= 3600
    session.save()

    asked = client.get(page)
    assert asked["Location"] == f"/accounts/again/provider/?{urlencode({'next': page})}"
    form = client.get(asked["Location"])
    assert "Sign in with Test ID again" in page_text(form)
    [query] = re.findall(rf'action="{LOGIN}(\?[^"]*)"', form.content.decode())
    back = go_through(client, "ada", query=html.unescape(query))

    assert back.redirect_chain[-1][0] == page  # type: ignore[attr-defined]
    assert back.status_code == 200


def test_the_provider_is_asked_not_to_know_them_from_before(client: Client, go_through: Pass) -> None:
    go_through(client, "ada")
    form = client.get("/accounts/again/provider/?next=https://elsewhere.example.org/")
    [query] = re.findall(rf'action="{LOGIN}(\?[^"]*)"', form.content.decode())
    asked = parse_qs(urlsplit(client.post(f"{LOGIN}{html.unescape(query)}")["Location"]).query)
    assert asked["prompt"] == ["login"]
    assert "elsewhere" not in query


def test_an_account_that_is_switched_off_stays_so(client: Client, go_through: Pass) -> None:
    make_user("ada", is_active=False)
    response = go_through(client, "ada")
    assert "This account is not active" in page_text(response)
    assert not is_signed_in(client)


def test_who_says_no_at_the_provider_gets_a_sentence(client: Client, go_through: Pass) -> None:
    response = go_through(client, "ada", agrees=False)
    assert "Sign-in was cancelled" in page_text(response)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("policy", "words"),
    [("closed", "Otherwise ask the operators,"), ("invited", "no project has invited the address that came with it")],
)
def test_where_not_everybody_may_sign_up_the_provider_changes_nothing(
    client: Client, go_through: Pass, settings: Settings, policy: str, words: str
) -> None:
    settings.MANTIK_SIGN_UP = policy
    text = page_text(go_through(client, "ada"))
    assert "There is no account for this login" in text
    assert words in text
    assert "connect the sign-in service under Settings > Account" in text
    assert not User.objects.exists()


def test_who_is_invited_comes_in(client: Client, go_through: Pass, settings: Settings, project: Project) -> None:
    settings.MANTIK_SIGN_UP = "invited"
    make_invitation(project=project, user=None, email="ada@example.org")
    go_through(client, "ada")
    assert is_signed_in(client)


def test_what_the_provider_does_not_tell_is_asked_for(
    client: Client, go_through: Pass, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_person("cy", name="Cy")
    response = go_through(client, "cy")
    assert "Test ID did not send everything that an account needs." in page_text(response)
    assert client.post("/accounts/oidc/sign-up/", {"username": "cy", "email": "none"}).status_code == 422
    client.post("/accounts/oidc/sign-up/", {"username": "cy", "email": "cy@example.org"})
    assert subjects() == ["Confirm your address for Mantik"]
    assert not is_signed_in(client)


def test_operators_may_let_in_everybody_the_provider_knows(
    client: Client, go_through: Pass, settings: Settings
) -> None:
    settings.MANTIK_SIGN_UP, settings.MANTIK_OIDC_SIGN_UP = "closed", True
    go_through(client, "ada")
    assert is_signed_in(client)


def test_it_is_connected_and_disconnected_in_the_settings(client_of: ClientOf, go_through: Pass) -> None:
    alice = make_user("alice")
    client = client_of(alice)
    confirm_identity(client, alice)
    response = go_through(client, "ada", query="?process=connect")
    assert "The sign-in service is connected. You can now sign in with it." in page_text(response)
    account = SocialAccount.objects.get(user=alice)
    client.post(SERVICES, {"account": account.pk})
    assert not SocialAccount.objects.exists()
    told = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"account.service_connected", "account.service_disconnected"} <= told


def test_who_has_no_password_keeps_the_connection(client: Client, go_through: Pass) -> None:
    go_through(client, "ada")
    response = client.post(SERVICES, {"account": SocialAccount.objects.get().pk})
    assert response.status_code == 422
    assert "Set a password first" in page_text(response)


def test_a_connection_of_somebody_else_is_not_taken_over(client: Client, client_of: ClientOf, go_through: Pass) -> None:
    go_through(client, "ada")
    bob = make_user("bob")
    other = client_of(bob)
    confirm_identity(other, bob)
    answer = go_through(other, "ada", query="?process=connect")
    assert "is already connected to another Mantik account" in page_text(answer)


def test_neither_its_tokens_nor_our_secret_are_stored(client: Client, go_through: Pass) -> None:
    go_through(client, "ada")
    assert not SocialToken.objects.exists()
    assert not SocialApp.objects.exists()


def test_a_provider_that_does_not_answer_is_a_sentence(client: Client, settings: Settings) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        issuer="http://127.0.0.1:9", name="Test ID", client_id="x", client_secret="x", scopes=["openid"]
    )
    response = client.post(LOGIN)
    assert response.status_code == 401
    assert "Test ID did not confirm who you are" in page_text(response)


def test_a_provider_inside_the_network_has_to_be_listed(client: Client, settings: Settings) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed([])
    assert "Test ID did not confirm who you are" in page_text(client.post(LOGIN))


def test_a_way_back_that_nobody_went_is_a_sentence(client: Client) -> None:
    response = client.get(f"{LOGIN}callback/?code=made-up&state=made-up")
    assert response.status_code == 401
    assert "Sign-in failed" in page_text(response)


def test_another_provider_is_not_there(client: Client) -> None:
    assert client.post("/accounts/oidc/other/").status_code == 404
    assert client.get("/accounts/oidc/other/callback/").status_code == 404


def test_without_settings_there_is_no_button(client: Client, settings: Settings) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(issuer="", name="", client_id="", client_secret="", scopes=[])
    assert "Test ID" not in page_text(client.get("/accounts/sign-in/"))
    assert client.post(LOGIN).status_code == 404


def test_browsers_are_told_where_the_form_may_lead() -> None:
    assert form_origins("https://id.example.org/realms/x", ["https://idp.example.org"]) == [
        "https://id.example.org",
        "https://idp.example.org",
    ]
    assert form_origins("", ["https://idp.example.org"]) == []
