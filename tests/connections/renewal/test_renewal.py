"""Tokens that a site issues are renewed at half of their life, by whoever comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NoReturn

import jwt
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.logins.kinds import Kind
from connections.models import Connection
from connections.renewal import tokens
from connections.renewal.secret_leases import lease_secret
from connections.services import connections
from connections.tasks import renew_connection, sweep_renewals
from connections.unicore.client import SiteClient
from connections.unicore.credentials import HeaderCredential, token_credential
from connections.unicore.errors import SiteRefused
from connections.unicore.sites import make_client
from connections.unicore.values import SiteAccess
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.up.ports import free_port
from tests.support.factories import make_connection, make_site
from tests.support.sites import RunningSite

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(outsider: User, site: RunningSite) -> Connection:
    """With a token of an hour, of which more than half is over."""
    held = connections.add_connection(
        owner=outsider,
        kind=Kind.UNICORE_TOKEN,
        name="held",
        site=make_site(base_url=site.base_url),
        login_name="demo",
        secret=site.users["demo"].password,
        now=timezone.now(),
    )
    with site.client("demo") as client:
        wanted = {"renewable": "true", "limited": "true", "lifetime": "3600"}
        answer = client.get(f"{site.base_url}/token", params=wanted, headers={"Accept": "text/plain"})
    held.put_secret(answer.text)
    held.expires_at = timezone.now() + timedelta(minutes=25)
    held.renew_at = timezone.now() - timedelta(minutes=5)
    held.save()
    return held


def end_of(token: str) -> datetime:
    return datetime.fromtimestamp(jwt.decode(token, options={"verify_signature": False})["exp"], UTC)


def renew(connection: Connection) -> None:
    tokens.renew(connection_id=connection.pk, clock=timezone.now)
    connection.refresh_from_db()


def test_a_due_token_gets_its_successor(held: Connection) -> None:
    renew(held)
    assert held.expires_at == end_of(held.reveal_secret())
    assert held.expires_at > timezone.now() + timedelta(days=29)
    assert held.renew_at
    assert held.renew_at > timezone.now() + timedelta(days=14)
    assert held.renewed_at
    assert held.renewal_error == ""
    assert isinstance(connections.test_connection(connection=held, now=timezone.now()), SiteAccess)
    told = AuditEvent.objects.get(verb="connection.renewed")
    assert (told.actor, told.target_name) == (None, "held")


def test_one_that_is_not_due_is_left_alone(held: Connection) -> None:
    Connection.objects.update(renew_at=timezone.now() + timedelta(minutes=1))
    before = held.reveal_secret()
    renew(held)
    assert held.reveal_secret() == before


def test_one_that_somebody_else_renews_is_left_alone(held: Connection) -> None:
    assert lease_secret(held.pk, now=timezone.now())
    before = held.reveal_secret()
    renew(held)
    assert held.reveal_secret() == before


def test_the_sweep_finds_what_is_due(held: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    make_connection(owner=held.owner, name="password")
    sent: list[int] = []
    monkeypatch.setattr("connections.tasks.send", lambda _task, connection_id: sent.append(connection_id))
    sweep_renewals()
    assert sent == [held.pk]
    renew_connection(connection_id=held.pk)
    sweep_renewals()
    assert sent == [held.pk]


def test_a_site_that_is_away_is_asked_again_later(held: Connection) -> None:
    assert held.site
    held.site.base_url = f"http://127.0.0.1:{free_port()}/SITE/rest/core"
    held.site.save()
    before = held.reveal_secret()
    renew(held)
    assert held.reveal_secret() == before
    assert "cannot be reached" in held.renewal_error
    assert held.refusals == 0
    assert held.renew_at
    assert held.renew_at > timezone.now() + timedelta(minutes=5)


@pytest.mark.parametrize(("left", "pause"), [(20, 5), (2, 1), (10_000, 60)])
def test_the_shorter_a_token_lives_the_sooner_it_is_tried_again(held: Connection, left: int, pause: int) -> None:
    """In minutes. An hour later it would have ended."""
    assert held.site
    held.site.base_url = f"http://127.0.0.1:{free_port()}/SITE/rest/core"
    held.site.save()
    now = timezone.now()
    Connection.objects.filter(pk=held.pk).update(renew_at=now, expires_at=now + timedelta(minutes=left))

    tokens.renew(connection_id=held.pk, clock=lambda: now)

    held.refresh_from_db()
    assert held.renewal_error
    assert held.renew_at == now + timedelta(minutes=pause)


def test_a_token_that_is_refused_counts_as_a_refusal(held: Connection) -> None:
    held.put_secret("junk")
    held.save()
    renew(held)
    assert "does not accept the login" in held.renewal_error
    assert held.refusals == 1


def test_an_ended_token_is_not_tried(held: Connection) -> None:
    Connection.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert tokens.due_for_renewal(now=timezone.now(), limit=10) == []


def test_a_site_that_refuses_long_tokens_gives_shorter_ones(
    outsider: User, sandbox: RunningSite, settings: Settings
) -> None:
    # Longer than the certificate of the sandbox site is good.
    settings.MANTIK_SITE_TOKEN_DAYS = 36500
    held = connections.add_connection(
        owner=outsider,
        kind=Kind.UNICORE_TOKEN,
        name="held",
        site=make_site(base_url=sandbox.base_url),
        login_name="demo",
        secret=sandbox.users["demo"].password,
        now=timezone.now(),
    )
    assert held.expires_at
    assert timedelta(days=6) < held.expires_at - timezone.now() <= timedelta(days=7)


@pytest.mark.parametrize(("days", "asked"), [(30, [30, 7, 1]), (5, [5, 1]), (1, [1])])
def test_for_no_longer_than_an_operator_allows_a_token_is_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, days: int, asked: list[int]
) -> None:
    seen: list[float] = []

    def refuse(_client: SiteClient, *, seconds: int) -> NoReturn:
        seen.append(seconds / 86400)
        raise SiteRefused("Refused.", code="refused.request", site_words="Invalid lifetime")

    monkeypatch.setattr(SiteClient, "issue_token", refuse)
    settings.MANTIK_SITE_TOKEN_DAYS = days
    with pytest.raises(SiteRefused):
        tokens.obtain_token(client=make_client("https://hpc.example.org/rest/core", HeaderCredential("x"), None))
    assert seen == asked


def test_a_token_for_nobody_is_no_connection(outsider: User, sandbox: RunningSite) -> None:
    """A site that does not know passwords gives tokens to anybody."""
    nobody = make_client(sandbox.base_url, HeaderCredential("Negotiate x"), None)
    issued = tokens.obtain_token(client=nobody)
    with pytest.raises(SiteRefused, match="issued a token, but does not say for whom"):
        tokens.check_token(
            client=make_client(sandbox.base_url, token_credential(issued.value), None), provider="Center"
        )
