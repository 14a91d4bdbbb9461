"""Connections of the kinds whose secrets are made on the way: tokens, key pairs, what a login service gives."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from connections.logins.kinds import Kind
from connections.models import Connection
from connections.renewal.tokens import renew
from tests.canary import canaries
from tests.canary.search import Canary
from tests.canary.story import Story
from tests.support.factories import make_site
from tests.support.oidc import OidcProvider

ADD = "/settings/connections/add/"
WORKS, REFUSED = Connection.TestOutcome.WORKS, Connection.TestOutcome.REFUSED


def connect_in_other_ways(story: Story, provider: OidcProvider) -> list[Canary]:
    """What may be nowhere afterwards."""
    story.confirm()
    return [*_by_token(story), *_by_key(story), *_by_login_service(story, provider)]


def _by_token(story: Story) -> list[Canary]:
    form = {"kind": Kind.UNICORE_TOKEN, "name": "token", "site": str(story.site.uuid), "login_name": "demo"}
    assert story.browser.post(ADD, **form, secret=canaries.WRONG_PASSWORD.value).status_code == 422
    story.post(ADD, **form, secret=canaries.SITE_PASSWORD.value)
    assert story.test("token").test_outcome == WORKS
    found = [_signature("a token of the site", story.connection("token").reveal_secret())]
    now = timezone.now() + timedelta(seconds=2)
    Connection.objects.filter(name="token").update(renew_at=now)
    renew(connection_id=story.connection("token").pk, clock=lambda: now)
    assert story.connection("token").renewed_at
    assert story.test("token").test_outcome == WORKS
    return [*found, _signature("a renewed token of the site", story.connection("token").reveal_secret())]


def _by_key(story: Story) -> list[Canary]:
    form = {"kind": Kind.UNICORE_KEY, "name": "key", "site": str(story.site.uuid), "login_name": "demo"}
    story.post(ADD, **form)
    first = _private(story)
    assert story.test("key").test_outcome == REFUSED
    story.confirm()
    story.post(f"/settings/connections/{story.connection('key').uuid}/secret/")
    authorized: Path = story.scene.data_dir / "sandbox" / "ssh-keys.txt"
    authorized.write_text(f"demo:{story.connection('key').public_key}\n")
    assert story.test("key").test_outcome == WORKS
    return [first, _private(story)]


def _by_login_service(story: Story, provider: OidcProvider) -> list[Canary]:
    """The sandbox site takes no access token of it, but is sent one."""
    client = provider.register()
    given = provider.sign_in(client, "demo")
    site = make_site(
        name="With login service",
        base_url=f"{story.scene.stack.sandbox_url}/",
        oidc_issuer=provider.issuer,
        oidc_client_id=client.id,
    )
    site.put_oidc_secret(client.secret)
    site.save()
    form = {"kind": Kind.UNICORE_OIDC, "name": "institute", "site": str(site.uuid)}
    story.confirm()
    story.post(ADD, **form, secret=given.refresh)
    assert story.test("institute").test_outcome == REFUSED
    held = story.connection("institute")
    assert held.reveal_secret() != given.refresh
    return [
        Canary("an OIDC client secret", client.secret),
        Canary("a refresh token", given.refresh),
        Canary("the next refresh token", held.reveal_secret()),
        Canary("an access token", held.reveal_access()),
    ]


def _signature(name: str, token: str) -> Canary:
    """What nobody can make who does not have the token; the rest may stand in others, too."""
    return Canary(name, token.rpartition(".")[2])


def _private(story: Story) -> Canary:
    """A line of the file that holds nothing of the public half."""
    return Canary("a private key", story.connection("key").reveal_secret().splitlines()[3])
