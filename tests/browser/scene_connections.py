"""Connections of every kind, in good health and in bad."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from connections.models import Connection, Site
from connections.unicore.credentials import password_credential
from mantik.accounts.models import User
from tests.support import factories as make

PUBLIC_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHq3vXo0uVx1m9nq0Yb4l5pN0mS3Qd8aS7m0n2c4e6g8 mantik-ada-2026-11-25"
FACTS = {
    "account": "okafor1",
    "role": "user",
    "groups": ["pv-yield", "users"],
    "queues": ["batch", "devel", "gpu"],
    "takes_jobs": True,
    "words": "",
    "budgets": [
        {"account": "acc_sol", "remaining": 124300, "unit": "core-h", "percent": 62},
        {"account": "acc_wind", "remaining": 800, "unit": "core-h", "percent": 4},
    ],
}


def build_connections(owner: User) -> Connection:
    """All of `owner`; the one that the runs use."""
    # Nothing listens there: the site does not answer, and no test leaves this machine.
    site = make.make_site(name="Site A", base_url="http://127.0.0.1:9/SITE/rest/core")
    with_login_service = make.make_site(
        name="Site B", base_url="http://127.0.0.1:9/B/rest/core", oidc_issuer="https://x", oidc_client_id="mantik"
    )
    make.make_site(name="Lab cluster", added_by=owner, notes="Behind the lab; ask Bo for an account.")
    _refused(owner, site)
    _by_token(owner, site)
    _by_key(owner, site)
    _for_git(owner)
    _by_login_service(owner, with_login_service)
    _fall_silent(with_login_service)
    return _good(owner, site)


def _fall_silent(site: Site) -> None:
    """For the third time this week."""
    now = timezone.now()
    for hours, minutes in ((70, 12), (22, 3)):
        began_at = now - timedelta(hours=hours)
        make.make_outage(site, began_at=began_at, ended_at=began_at + timedelta(minutes=minutes))
    make.make_outage(site, began_at=now - timedelta(minutes=18), next_try_at=now + timedelta(seconds=41))


def _good(owner: User, site: Site) -> Connection:
    now = timezone.now()
    return make.make_connection(
        owner=owner,
        name="site-a",
        site=site,
        last_used_at=now - timedelta(minutes=4),
        tested_at=now - timedelta(hours=1),
        test_outcome=Connection.TestOutcome.WORKS,
        test_message="The site knows you as okafor1.",
        facts=FACTS,
    )


def _refused(owner: User, site: Site) -> None:
    now = timezone.now()
    make.make_connection(
        owner=owner,
        name="old-login",
        site=site,
        refusals=5,
        refused_since=now - timedelta(hours=3),
        marked_bad_at=now - timedelta(hours=2),
        tested_at=now - timedelta(days=2),
        test_outcome=Connection.TestOutcome.REFUSED,
        test_message=password_credential("okafor1", "wrong").when_refused("127.0.0.1:9"),
    )


def _by_token(owner: User, site: Site) -> None:
    now = timezone.now()
    make.make_connection(
        owner=owner,
        tests_requested=1,
        kind=Connection.Kind.UNICORE_TOKEN,
        name="by-token",
        site=site,
        expires_at=now + timedelta(days=24),
        renewed_at=now - timedelta(days=6),
        renew_at=now + timedelta(days=9),
        tested_at=now - timedelta(minutes=12),
        test_outcome=Connection.TestOutcome.WORKS,
        test_message="The site knows you as okafor1. It accepts no new jobs at the moment.",
        facts=FACTS | {"takes_jobs": False, "words": "Maintenance until 24 Nov, 08:00.", "budgets": []},
    )


def _by_key(owner: User, site: Site) -> None:
    make.make_connection(
        owner=owner, kind=Connection.Kind.UNICORE_KEY, name="by-key", site=site, public_key=PUBLIC_LINE
    )


def _by_login_service(owner: User, site: Site) -> None:
    now = timezone.now()
    make.make_connection(
        owner=owner,
        kind=Connection.Kind.UNICORE_OIDC,
        name="institute",
        site=site,
        login_name="",
        expires_at=now + timedelta(days=5),
        renew_at=now - timedelta(hours=1),
        renewal_error="The login service login.example.org does not answer, so there is no access token for the site.",
        tested_at=now - timedelta(minutes=2),
        test_outcome=Connection.TestOutcome.NO_ANSWER,
        test_message="The login service login.example.org does not answer, so there is no access token for the site.",
    )


def _for_git(owner: User) -> None:
    now = timezone.now()
    for name, days in (("gitlab", 9), ("github-old", -1)):
        make.make_connection(
            owner=owner,
            kind=Connection.Kind.GIT_TOKEN,
            name=name,
            login_name="",
            expires_at=now + timedelta(days=days),
            last_used_at=now - timedelta(days=2),
        )
