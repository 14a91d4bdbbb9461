"""Each kind of connection, on the sandbox site and on the real server, and with a real login service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from connections.logins.kinds import Kind
from connections.logins.site_clients import open_connection
from connections.models import Connection, Site
from connections.renewal import oidc
from connections.renewal.tokens import access_token, renew
from connections.services import connections
from connections.unicore.errors import SiteError, SiteRefused, SiteUnavailable
from connections.unicore.values import SiteAccess
from mantik.accounts.models import User
from tests.conftest import ClientOf
from tests.support.factories import make_connection, make_site
from tests.support.oidc import OidcClient, OidcProvider, Tokens
from tests.support.pages import page_text
from tests.support.sites import RunningSite, running_unicorex

pytestmark = pytest.mark.django_db

ADD = "/settings/connections/add/"


@pytest.fixture
def catalogued(site: RunningSite) -> Site:
    return make_site(name="Center", base_url=site.base_url)


def add(owner: User, kind: Kind, site: Site, secret: str = "", login_name: str = "demo") -> Connection:
    return connections.add_connection(
        owner=owner, kind=kind, name=kind, site=site, login_name=login_name, secret=secret, now=timezone.now()
    )


def access_of(connection: Connection) -> SiteAccess:
    answer = connections.test_connection(connection=connection, now=timezone.now())
    assert isinstance(answer, SiteAccess), answer
    return answer


# A key pair


def test_a_key_signs_in_once_its_line_is_at_the_site(outsider: User, site: RunningSite, catalogued: Site) -> None:
    made = add(outsider, Kind.UNICORE_KEY, catalogued)
    before = connections.test_connection(connection=made, now=timezone.now())
    assert isinstance(before, SiteRefused)
    assert made.test_outcome == Connection.TestOutcome.REFUSED
    assert site.authorize_key
    site.authorize_key("demo", made.public_key)

    assert access_of(made).dn == site.users["demo"].dn
    assert made.facts["account"] == site.users["demo"].uid


def test_a_new_key_pair_is_used_at_once(outsider: User, site: RunningSite, catalogued: Site) -> None:
    made = add(outsider, Kind.UNICORE_KEY, catalogued)
    assert site.authorize_key
    site.authorize_key("demo", made.public_key)
    access_of(made)

    connections.replace_secret(connection=made, now=timezone.now())

    # The session of the old pair would still be good there.
    assert isinstance(connections.test_connection(connection=made, now=timezone.now()), SiteRefused)
    site.authorize_key("demo", made.public_key)
    access_of(made)


# A token of the site


def test_a_password_becomes_a_token_and_is_forgotten(
    confirmed_client_of: ClientOf, outsider: User, site: RunningSite, catalogued: Site
) -> None:
    password = site.users["demo"].password
    form = {"kind": Kind.UNICORE_TOKEN, "name": "by token", "site": str(catalogued.uuid), "login_name": "demo"}
    text = page_text(confirmed_client_of(outsider).post(ADD, form | {"secret": password}, follow=True))

    made = Connection.objects.get()
    assert "by token is stored." in text
    assert made.reveal_secret().startswith("eyJ")
    assert password not in made.reveal_secret()
    assert made.expires_at
    assert made.renew_at
    assert timedelta(days=29) < made.expires_at - timezone.now() <= timedelta(days=30)
    assert timedelta(days=14) < made.renew_at - timezone.now() <= timedelta(days=15)
    assert access_of(made).dn == site.users["demo"].dn


def test_a_wrong_password_becomes_nothing(
    confirmed_client_of: ClientOf, outsider: User, site: RunningSite, catalogued: Site
) -> None:
    form = {"kind": Kind.UNICORE_TOKEN, "name": "by token", "site": str(catalogued.uuid), "login_name": "demo"}
    response = confirmed_client_of(outsider).post(ADD, form | {"secret": "not the password"})
    assert response.status_code == 422
    assert "The site does not accept this login name and password." in page_text(response)
    assert "not the password" not in response.content.decode()
    assert not Connection.objects.exists()


def test_a_token_can_be_replaced(
    confirmed_client_of: ClientOf, outsider: User, site: RunningSite, catalogued: Site
) -> None:
    made = add(outsider, Kind.UNICORE_TOKEN, catalogued, site.users["demo"].password)
    before = made.sealed_secret
    path = f"/settings/connections/{made.uuid}/secret/"
    client = confirmed_client_of(outsider)
    assert client.post(path, {"secret": "not the password"}).status_code == 422
    made.refresh_from_db()
    assert made.sealed_secret == before

    client.post(path, {"secret": site.users["demo"].password})

    made.refresh_from_db()
    assert made.sealed_secret != before
    access_of(made)


# Access tokens of a login service


@pytest.fixture(scope="module")
def unicorex_with_login_service(
    oidc_provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    directory = tmp_path_factory.mktemp("unicorex-oidc")
    with running_unicorex(directory, userinfo=f"{oidc_provider.issuer}/me") as site:
        yield site


@pytest.fixture
def known(oidc_provider: OidcProvider) -> OidcClient:
    return oidc_provider.register()


@pytest.fixture
def tokens(oidc_provider: OidcProvider, known: OidcClient) -> Tokens:
    return oidc_provider.sign_in(known, "demo")


def with_login_service(base_url: str, provider: OidcProvider, known: OidcClient, **columns: Any) -> Site:
    site = make_site(base_url=base_url, oidc_issuer=provider.issuer, oidc_client_id=known.id, **columns)
    site.put_oidc_secret(known.secret)
    site.save()
    return site


@pytest.fixture
def by_oidc(outsider: User, oidc_provider: OidcProvider, known: OidcClient, tokens: Tokens) -> Connection:
    """To a site of which only the login service is there."""
    site = with_login_service("https://hpc.example.org/SITE/rest/core", oidc_provider, known)
    return add(outsider, Kind.UNICORE_OIDC, site, f"{tokens.refresh}\n", login_name="")


@pytest.mark.unicorex
def test_a_refresh_token_signs_in(
    unicorex_with_login_service: RunningSite,
    outsider: User,
    oidc_provider: OidcProvider,
    known: OidcClient,
    tokens: Tokens,
) -> None:
    site = with_login_service(unicorex_with_login_service.base_url, oidc_provider, known)
    made = add(outsider, Kind.UNICORE_OIDC, site, tokens.refresh, login_name="")

    assert access_of(made).dn == "CN=demo, OU=OIDC, O=UNICORE"
    assert made.facts["account"] == "demo"
    made.refresh_from_db()
    assert made.reveal_secret() != tokens.refresh
    assert made.reveal_access()


@pytest.mark.unicorex
def test_a_refresh_token_that_was_taken_back_is_a_sentence_on_the_card(
    unicorex_with_login_service: RunningSite, outsider: User, oidc_provider: OidcProvider, known: OidcClient
) -> None:
    site = with_login_service(unicorex_with_login_service.base_url, oidc_provider, known)
    bo = oidc_provider.sign_in(known, "bo")
    made = add(outsider, Kind.UNICORE_OIDC, site, bo.refresh, login_name="")
    oidc_provider.revoke("bo")

    answer = connections.test_connection(connection=made, now=timezone.now())

    assert isinstance(answer, SiteRefused)
    assert answer.code == "refused.credentials"
    assert "does not accept the refresh token of this connection." in made.test_message
    assert bo.refresh not in made.test_message
    assert made.refusals == 1


def test_each_refresh_token_is_used_once_and_the_next_is_kept(by_oidc: Connection, tokens: Tokens) -> None:
    first = access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    assert by_oidc.reveal_secret() != tokens.refresh
    Connection.objects.filter(pk=by_oidc.pk).update(access_expires_at=timezone.now())

    second = access_token(by_oidc.pk)

    assert second.value != first.value
    by_oidc.refresh_from_db()
    assert by_oidc.reveal_access() == second.value
    assert by_oidc.lease_token is None


def test_what_one_process_got_serves_the_others(by_oidc: Connection) -> None:
    first = access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    refresh = by_oidc.reveal_secret()
    assert access_token(by_oidc.pk).value == first.value
    by_oidc.refresh_from_db()
    assert by_oidc.reveal_secret() == refresh


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_burn_the_token(by_oidc: Connection) -> None:
    """The provider takes a refresh token that comes a second time for stolen, and ends the whole grant."""
    got: list[str] = []
    failed: list[SiteError] = []

    def fetch() -> None:
        try:
            got.append(access_token(by_oidc.pk).value)
        except SiteError as error:
            failed.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert len(got) == 8
    assert len(set(got)) == 1
    Connection.objects.update(access_expires_at=timezone.now())
    assert access_token(by_oidc.pk).value not in got


def test_a_process_that_died_with_its_lease_holds_nobody_up(by_oidc: Connection) -> None:
    from connections.renewal.secret_leases import lease_secret

    now = timezone.now()
    assert lease_secret(by_oidc.pk, now=now - timedelta(minutes=5))
    assert access_token(by_oidc.pk).value


def test_a_secret_that_its_owner_replaced_meanwhile_stays(by_oidc: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    real = oidc.refresh

    def slow(service: oidc.LoginService, refresh_token: str) -> oidc.Granted:
        granted = real(service, refresh_token)
        mine = Connection.objects.select_related("owner", "site").get()
        connections.replace_secret(connection=mine, secret="brand new", now=timezone.now())
        return granted

    monkeypatch.setattr(oidc, "refresh", slow)
    access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    assert by_oidc.reveal_secret() == "brand new"
    assert by_oidc.sealed_access == ""


def test_a_rotation_of_keys_meanwhile_loses_nothing(by_oidc: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    real = oidc.refresh

    def slow(service: oidc.LoginService, refresh_token: str) -> oidc.Granted:
        granted = real(service, refresh_token)
        mine = Connection.objects.get()
        Connection.objects.update(sealed_secret=mine.sealed("secret", mine.reveal_secret()))
        return granted

    with monkeypatch.context() as patch:
        patch.setattr(oidc, "refresh", slow)
        access_token(by_oidc.pk)
    Connection.objects.update(access_expires_at=timezone.now())
    assert access_token(by_oidc.pk).value


def test_a_refresh_token_that_ends_when_nobody_uses_it_is_used_in_time(
    by_oidc: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = oidc.refresh
    monkeypatch.setattr(oidc, "refresh", lambda *given: replace(real(*given), refresh_seconds=1800))
    access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    assert by_oidc.expires_at
    assert timedelta(minutes=29) < by_oidc.expires_at - timezone.now() <= timedelta(minutes=30)
    first, before = by_oidc.renew_at, by_oidc.reveal_secret()
    assert first

    renew(connection_id=by_oidc.pk, clock=lambda: first + timedelta(seconds=1))

    by_oidc.refresh_from_db()
    assert by_oidc.reveal_secret() != before
    assert by_oidc.renewal_error == ""


def test_an_end_that_the_service_no_longer_names_does_not_hold_any_more(
    by_oidc: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = oidc.refresh
    with monkeypatch.context() as once:
        once.setattr(oidc, "refresh", lambda *given: replace(real(*given), refresh_seconds=1800))
        access_token(by_oidc.pk)
    Connection.objects.update(access_expires_at=timezone.now())
    monkeypatch.setattr(oidc, "refresh", lambda *given: replace(real(*given), refresh_seconds=None))
    access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    assert (by_oidc.expires_at, by_oidc.renew_at) == (None, None)


def test_a_client_that_the_provider_does_not_know_is_for_an_operator(
    outsider: User, oidc_provider: OidcProvider, known: OidcClient, tokens: Tokens
) -> None:
    site = with_login_service("https://hpc.example.org/SITE/rest/core", oidc_provider, known)
    site.put_oidc_secret("wrong")
    site.save()
    made = add(outsider, Kind.UNICORE_OIDC, site, tokens.refresh, login_name="")
    with pytest.raises(SiteRefused, match=r"does not accept Mantik as its client\. An operator") as caught:
        access_token(made.pk)
    assert caught.value.code == "refused.login_service"
    # Nothing is wrong with what its owner gave.
    site.put_oidc_secret(known.secret)
    site.save()
    assert access_token(made.pk).value


def seal_of_another(connection: Connection) -> str:
    """What does not open in the row of `connection`."""
    other = make_connection(owner=connection.owner, name=f"other {Connection.objects.count()}")
    return other.sealed_secret


def make_due(connection: Connection) -> None:
    now = timezone.now()
    Connection.objects.filter(pk=connection.pk).update(renew_at=now, expires_at=now + timedelta(days=1))


def test_a_sites_secret_that_does_not_open_is_for_an_operator(by_oidc: Connection, known: OidcClient) -> None:
    assert by_oidc.site
    Site.objects.update(sealed_oidc_secret=seal_of_another(by_oidc))
    with pytest.raises(SiteRefused, match="An operator can enter the OIDC client secret of this site again") as caught:
        access_token(by_oidc.pk)
    assert caught.value.code == "refused.login_service"
    by_oidc.refresh_from_db()
    assert by_oidc.lease_token is None
    by_oidc.site.put_oidc_secret(known.secret)
    by_oidc.site.save()
    assert access_token(by_oidc.pk).value


def test_a_renewal_that_lacks_the_sites_secret_is_tried_again_later(by_oidc: Connection) -> None:
    Site.objects.update(sealed_oidc_secret=seal_of_another(by_oidc))
    make_due(by_oidc)

    renew(connection_id=by_oidc.pk, clock=timezone.now)

    by_oidc.refresh_from_db()
    assert by_oidc.lease_token is None
    assert by_oidc.renew_at
    assert by_oidc.renew_at > timezone.now() + timedelta(minutes=50)
    assert "An operator can enter the OIDC client secret" in by_oidc.renewal_error


def test_a_secret_that_does_not_open_is_for_its_owner(by_oidc: Connection) -> None:
    Connection.objects.filter(pk=by_oidc.pk).update(sealed_secret=seal_of_another(by_oidc))
    make_due(by_oidc)

    with pytest.raises(SiteRefused, match="Replace the secret of this connection") as caught:
        access_token(by_oidc.pk)
    assert caught.value.code == "refused.secret"
    by_oidc.refresh_from_db()
    assert by_oidc.lease_token is None

    renew(connection_id=by_oidc.pk, clock=timezone.now)

    by_oidc.refresh_from_db()
    assert by_oidc.lease_token is None
    assert by_oidc.renew_at
    assert by_oidc.renew_at > timezone.now() + timedelta(minutes=50)
    assert "Replace the secret of this connection" in by_oidc.renewal_error


def test_an_access_token_that_does_not_open_is_fetched_again(by_oidc: Connection) -> None:
    access_token(by_oidc.pk)
    Connection.objects.filter(pk=by_oidc.pk).update(sealed_access=seal_of_another(by_oidc))
    fetched = access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    assert by_oidc.reveal_access() == fetched.value
    assert by_oidc.lease_token is None


def test_a_secret_that_no_longer_opens_when_the_next_one_comes_stays(
    by_oidc: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed anew, meanwhile, with a key that this process does not have."""
    sealed, real = seal_of_another(by_oidc), oidc.refresh

    def slow(service: oidc.LoginService, refresh_token: str) -> oidc.Granted:
        Connection.objects.filter(pk=by_oidc.pk).update(sealed_secret=sealed)
        return real(service, refresh_token)

    monkeypatch.setattr(oidc, "refresh", slow)
    assert access_token(by_oidc.pk).value
    by_oidc.refresh_from_db()
    assert (by_oidc.sealed_secret, by_oidc.lease_token) == (sealed, None)


def test_a_login_service_that_is_away_is_no_refusal(by_oidc: Connection) -> None:
    from mantik.up.ports import free_port

    Site.objects.update(oidc_issuer=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(SiteUnavailable, match="does not answer, so there is no access token"):
        access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    assert by_oidc.lease_token is None
    assert "does not answer" in by_oidc.renewal_error


def test_a_token_endpoint_serves_without_a_discovery_document(by_oidc: Connection, oidc_provider: OidcProvider) -> None:
    Site.objects.update(oidc_issuer="", oidc_token_url=f"{oidc_provider.issuer}/token")
    assert access_token(by_oidc.pk).value


def test_an_unencrypted_login_service_is_not_asked(by_oidc: Connection) -> None:
    Site.objects.update(oidc_issuer="http://login.example.org")
    with pytest.raises(SiteRefused, match="has an address that is not an https URL"):
        access_token(by_oidc.pk)


def test_a_connection_opens_the_same_client_until_its_secret_is_another(by_oidc: Connection) -> None:
    first = open_connection(by_oidc)
    access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    assert open_connection(by_oidc) is first
    connections.replace_secret(connection=by_oidc, secret="another", now=timezone.now())
    assert open_connection(by_oidc) is not first


def test_no_page_holds_any_of_it(confirmed_client_of: ClientOf, outsider: User, by_oidc: Connection) -> None:
    token = access_token(by_oidc.pk)
    by_oidc.refresh_from_db()
    client: Client = confirmed_client_of(outsider)
    for path in ("", f"{by_oidc.uuid}/secret/", f"{by_oidc.uuid}/delete/"):
        content = client.get(f"/settings/connections/{path}").content.decode()
        for hidden in (token.value, by_oidc.reveal_secret(), by_oidc.sealed_access):
            assert hidden not in content


def test_the_password_is_a_kind_like_the_others(outsider: User, site: RunningSite, catalogued: Site) -> None:
    user = site.users["demo"]
    made = make_connection(owner=outsider, site=catalogued, login_name=user.login, secret=user.password)
    assert access_of(made).role == "user"
