"""What becomes of each column of a connection when its secret is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from connections.logins.login_health import HEALTHY
from connections.models import Connection
from connections.services.connections import replace_secret
from tests.support.factories import make_connection

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
# Whose it is and what for; and what happened, whichever secret it had.
STAYS = {
    *("id", "uuid", "owner_id", "kind", "name", "name_key", "site_id", "login_name", "created_at"),
    *("last_used_at", "renewed_at", "tested_at", "tests_served"),
}
# Only of a kind that has a key pair, whose public half is a new one then.
OF_KEY_PAIR = {"public_key"}
# The new secret, and the request to test it.
NEW = {"sealed_secret", "secret_set_at", "tests_requested"}
# What is known of the old secret, as it may be.
KNOWN: dict[str, Any] = {
    "expires_at": NOW + timedelta(days=1),
    "sealed_access": "sealed",
    "access_expires_at": NOW + timedelta(minutes=5),
    "renew_at": NOW + timedelta(hours=1),
    "renewal_error": "It was refused.",
    "refusals": 3,
    "refused_since": NOW,
    "refusal_message": "Wrong password.",
    "marked_bad_at": NOW,
    "test_outcome": Connection.TestOutcome.WORKS,
    "test_message": "It works.",
    "facts": {"groups": ["a"]},
    "queue_limits": {"batch": {}},
    "lease_token": uuid4(),
    "lease_until": NOW,
}


def test_each_column_stays_or_belongs_to_the_secret() -> None:
    places = [*STAYS, *OF_KEY_PAIR, *KNOWN, *NEW]
    assert sorted(places) == sorted(field.attname for field in Connection._meta.concrete_fields)
    assert set(HEALTHY) < set(KNOWN)


@pytest.mark.django_db
def test_of_an_old_secret_nothing_is_known_any_more() -> None:
    connection = make_connection(**KNOWN)
    before: Mapping[str, Any] = Connection.objects.filter(pk=connection.pk).values().get()
    replace_secret(connection=connection, secret="another", now=NOW)
    after: Mapping[str, Any] = Connection.objects.filter(pk=connection.pk).values().get()
    fresh = {field.attname: field.get_default() for field in Connection._meta.concrete_fields}
    assert {name: after[name] for name in KNOWN} == {name: fresh[name] for name in KNOWN}
    assert {name for name in before if before[name] != after[name]} == {*KNOWN, *NEW}
