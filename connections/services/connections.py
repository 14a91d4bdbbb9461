"""Adding, testing, changing and deleting connections."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from connections.logins import test_results
from connections.logins.attempts import check_attempts, note_attempt
from connections.logins.kinds import Kind, traits_of
from connections.logins.login_health import (
    HEALTHY,
    note_good_answer,
    note_refusal,
)
from connections.logins.site_clients import WHILE_SOMEBODY_WAITS, open_connection, while_somebody_waits
from connections.logins.ssh_keys import make_key_pair
from connections.logins.uses import Use, lock_uses, uses_of, wake
from connections.models import Connection, Site
from connections.outages.breaker import note_answer
from connections.renewal import tokens
from connections.unicore.client import SiteClient
from connections.unicore.credentials import SiteCredential, password_credential, secret_broken, token_credential
from connections.unicore.errors import SiteError, SiteRefused, SiteUnavailable
from connections.unicore.sites import make_client
from connections.unicore.values import SiteAccess, SiteOffer
from connections.visits.places import Purpose, visiting
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.idempotency.services import Asked, earlier_answer, once
from mantik.lib.backoff import Clock
from mantik.lib.leases import NO_LEASE, compare_and_set
from mantik.lib.queue import send_on_commit
from mantik.lib.revised_form import fingerprint
from mantik.lib.sealing import SealBroken

# The hard limit of `connections.tasks.test_connection`.
LONGEST_TEST = timedelta(seconds=60)
# The kind of the keys of forms that add one.
ADDED = "connection.added"
WITHOUT_KEY = Asked()


class NameTaken(Exception):
    """The owner already has a connection with that name."""


class StillUsed(Exception):
    """The connection is in use; `uses` lists what would break without it."""

    def __init__(self, uses: list[Use]) -> None:
        super().__init__(f"{len(uses)} uses")
        self.uses = uses


@dataclass(frozen=True)
class _Material:
    """What is stored of a secret: the secret itself, and the columns that belong to it."""

    secret: str = field(repr=False)
    columns: dict[str, Any]


def add_connection(
    *,
    owner: User,
    kind: Kind,
    name: str,
    site: Site | None = None,
    login_name: str = "",
    secret: str = "",
    expires_at: datetime | None = None,
    now: datetime,
    asked: Asked = WITHOUT_KEY,
) -> Connection:
    """Store a new connection. Its secret is sealed before it is sent to the database.

    Of two that are asked for the same at once (`asked`), the second gets the connection of the first.

    For some kinds Mantik makes a key pair instead, or exchanges the secret for a token of the site, which may raise
    SiteError. Raises NameTaken.
    """
    material = _material(kind, site, login_name, secret, expires_at, owner=owner, now=now)
    connection = Connection(
        owner=owner, kind=kind, name=name, site=site, login_name=login_name, secret_set_at=now, **material.columns
    )
    connection.put_secret(material.secret)
    try:
        made = once(asked, user=owner, kind=ADDED, make=lambda: _store(connection))
    except IntegrityError:
        raise NameTaken from None
    return connection if made.is_new else Connection.objects.get(uuid=made.text)


def added_before(asked: Asked, *, owner: User) -> str:
    """The UUID of the connection that was added when the same was asked for before; "" if none was."""
    return earlier_answer(asked, user=owner, kind=ADDED)


def _store(connection: Connection) -> str:
    with transaction.atomic():
        connection.save()
        site = connection.site.name if connection.site else ""
        values = {"kind": connection.kind, "site": site, "login_name": connection.login_name}
        record("connection.added", actor=connection.owner, target=connection, after=values)
        _test_if_ready(connection)
    return str(connection.uuid)


class ReplacedMeanwhile(Exception):
    """The secret is not any more the one that was to be replaced. `connection` as it is now."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


def mark_of_secret(connection: Connection) -> str:
    """Another one once the secret was replaced. It says nothing about the secret."""
    return fingerprint(f"{connection.uuid} {connection.secret_set_at.isoformat()}")


def replace_secret(
    *,
    connection: Connection,
    secret: str = "",
    expires_at: datetime | None = None,
    replaces: str = "",
    now: datetime,
) -> None:
    """Replace the secret, or make a new key pair. Clients and sessions with the old one are dropped.

    Whatever waited because the old one was refused continues. Raises SiteError as `add_connection` does, and
    ReplacedMeanwhile if the secret has no longer the mark `replaces`; "" replaces whichever there is. Raises
    Connection.DoesNotExist if it was just deleted.
    """
    kind, site, login = Kind(connection.kind), connection.site, connection.login_name
    material = _material(kind, site, login, secret, expires_at, owner=connection.owner, now=now)
    fresh = {
        "secret_set_at": now,
        "sealed_access": "",
        "access_expires_at": None,
        **NO_LEASE,
        "renewal_error": "",
        "test_outcome": Connection.TestOutcome.NOT_TESTED,
        "test_message": "",
        "facts": {},
        # The new secret may belong to another login, about which the site has said nothing yet.
        "queue_limits": {},
        **HEALTHY,
        **material.columns,
    }
    connection.put_secret(material.secret)
    for name, value in fresh.items():
        setattr(connection, name, value)
    with transaction.atomic():
        stored = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if replaces not in ("", mark_of_secret(stored)):
            raise ReplacedMeanwhile(stored)
        connection.save(update_fields=["sealed_secret", *fresh])
        record("connection.secret_replaced", actor=connection.owner, target=connection)
        _test_if_ready(connection)
        wake(connection, now)


def rename_connection(*, connection: Connection, name: str) -> None:
    """Give the connection another name. Whatever uses it goes on. Raises NameTaken."""
    before = connection.name
    if name == before:
        return
    connection.name = name
    try:
        with transaction.atomic():
            connection.save(update_fields=["name"])
            record(
                "connection.renamed",
                actor=connection.owner,
                target=connection,
                before={"name": before},
                after={"name": name},
            )
    except IntegrityError:
        connection.name = before
        raise NameTaken from None


def delete_connection(*, connection: Connection, actor: User | None = None, even_if_used: bool = False) -> None:
    """Delete the connection and its secret. `actor` is its owner unless given.

    Raises StillUsed, except with `even_if_used`, for operators: then the pages of whatever used it say that it is gone.
    """
    with transaction.atomic():
        lock_uses(connection)
        uses = [] if even_if_used else uses_of(connection)
        if uses:
            raise StillUsed(uses)
        values = {"kind": connection.kind, "site": connection.provider, "login_name": connection.login_name}
        record("connection.deleted", actor=actor or connection.owner, target=connection, before=values)
        connection.delete()


def request_test(connection: Connection) -> None:
    """Have a worker test the connection: a page waits for no site. A test that has begun already does not count."""
    Connection.objects.filter(pk=connection.pk).update(tests_requested=F("tests_requested") + 1)
    connection.tests_requested += 1
    send_on_commit("connections.tasks.test_connection", connection_id=connection.pk)


def serve_test(*, connection_id: int, clock: Clock) -> None:
    """For workers: test the connection if that was requested, and as soon as its site has a place for this process."""
    awaiting = Connection.objects.awaiting_test().select_related("site", "owner")
    connection = awaiting.filter(pk=connection_id).first()
    if connection is None:
        return
    number = connection.tests_requested
    with visiting(connection, purpose=Purpose.FOLLOW, longest=LONGEST_TEST, clock=clock) as has_place:
        if not has_place:
            return
        try:
            test_connection(connection=connection, now=clock())
        finally:
            # After an error of ours, too: the site would be asked every few seconds otherwise.
            Connection.objects.filter(pk=connection.pk, tests_served__lt=number).update(tests_served=number)


def test_connection(*, connection: Connection, now: datetime) -> SiteAccess | SiteError:
    """Ask the site who this login is, and store the answer for the card.

    Returns the answer, or the error. If the secret was replaced meanwhile, the answer is dropped, and a SiteUnavailable
    that says so is returned.
    """
    answer = _ask_access(connection)
    columns = _failed_columns(answer) if isinstance(answer, SiteError) else _good_columns(connection, answer, now)
    if not compare_and_set(Connection.objects.with_secret_of(connection), connection, tested_at=now, **columns):
        return _changed_meanwhile(connection)
    if isinstance(answer, SiteError):
        note_refusal(connection, answer, now=now)
    else:
        note_good_answer(connection, now=now)
    # An answer ends an outage. Silence begins none, because a page waits for a shorter time than workers do.
    if not isinstance(answer, SiteError) or answer.is_answer:
        note_answer(connection, now=now)
    return answer


def _test_if_ready(connection: Connection) -> None:
    """Request a test of a new secret, unless its owner has to take the public key of it to the site first."""
    if connection.site and not connection.traits.has_key_pair:
        request_test(connection)


def _failed_columns(error: SiteError) -> dict[str, Any]:
    refused = isinstance(error, SiteRefused)
    outcome = Connection.TestOutcome.REFUSED if refused else Connection.TestOutcome.NO_ANSWER
    return {"test_outcome": outcome, "test_message": error.message}


def _good_columns(connection: Connection, access: SiteAccess, now: datetime) -> dict[str, Any]:
    offer = _ask_offer(connection)
    facts = test_results.as_stored(access, offer, now=now)
    return {
        "test_outcome": Connection.TestOutcome.WORKS,
        "test_message": test_results.sentence(facts),
        "facts": facts,
        "queue_limits": offer.queues,
    }


def _changed_meanwhile(connection: Connection) -> SiteUnavailable:
    """The error for a test whose connection was changed meanwhile. Also reads `connection` again, unless it is gone."""
    with suppress(Connection.DoesNotExist):
        connection.refresh_from_db()
    return SiteUnavailable(
        "This connection was changed during the test. Test it again.", code="unavailable.connection_changed"
    )


def _ask_offer(connection: Connection) -> SiteOffer:
    try:
        return open_connection(connection, timeouts=WHILE_SOMEBODY_WAITS).offer()
    except SiteError:
        # The offer only improves forms, and the login itself has just worked.
        return SiteOffer(queues={}, budgets=())


def _ask_access(connection: Connection) -> SiteAccess | SiteError:
    try:
        if connection.last_used_at is None:
            kind, login_name = Kind(connection.kind), connection.login_name
            check_attempts(owner=connection.owner, kind=kind, site=connection.site, login_name=login_name)
        access = open_connection(connection, timeouts=WHILE_SOMEBODY_WAITS).access()
    except SiteError as error:
        return error
    except SealBroken as error:
        return secret_broken(error, remedy=connection.traits.replaces)
    if access.role == "anonymous":
        login = f"the login {connection.login_name}" if connection.login_name else "this login"
        return SiteRefused(
            f"{connection.provider} knows {login}, but has not enabled it for UNICORE. "
            "Ask the site's support to enable it.",
            code="refused.unmapped",
        )
    return access


def _material(
    kind: Kind,
    site: Site | None,
    login_name: str,
    typed: str,
    expires_at: datetime | None,
    *,
    owner: User,
    now: datetime,
) -> _Material:
    check_attempts(owner=owner, kind=kind, site=site, login_name=login_name)
    if traits_of(kind).has_key_pair:
        pair = make_key_pair(comment=f"mantik {owner.username} {now:%Y-%m-%d}")
        return _Material(pair.private, {"public_key": pair.public})
    if kind == Kind.UNICORE_TOKEN:
        assert site is not None
        with while_somebody_waits():
            try:
                issued = tokens.obtain_token(client=_client(site, password_credential(login_name, typed)))
            except SiteError as error:
                note_attempt(error, owner=owner, kind=kind, site=site, login_name=login_name)
                raise
            tokens.check_token(client=_client(site, token_credential(issued.value)), provider=site.name)
        return _Material(issued.value, tokens.token_columns(issued, now))
    # A pasted token may end with a line break that is no part of it; a password may end with a blank that is.
    secret = typed.strip() if kind == Kind.UNICORE_OIDC else typed
    return _Material(secret, {"expires_at": expires_at, "renew_at": None})


def _client(site: Site, credential: SiteCredential) -> SiteClient:
    """A client that this process does not keep, because its credential is used only once."""
    return make_client(site.base_url, credential, site.ca_bundle or None, timeouts=WHILE_SOMEBODY_WAITS)
