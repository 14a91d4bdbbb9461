"""One silence opens the breaker of a site for all workers, and one answer closes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.logins.kinds import Kind
from connections.models import Connection, SiteOutage
from connections.outages import breaker, probe
from connections.renewal import tokens
from connections.services import connections
from connections.unicore.errors import SiteError, SiteOutcomeUnknown, SiteRefused, SiteUnavailable
from mantik.lib.backoff import SHORTEST_PART
from mantik.lib.leases import usual_time
from tests.exactly_once.conftest import site_label
from tests.support.at_once import at_once
from tests.support.factories import make_connection, make_outage, make_site
from tests.support.fault_proxy import FaultProxy
from tests.support.sites import RunningSite

TOO_LONG = SiteUnavailable("jupiter:8080 took too long to answer.", code="unavailable.timeout")
UNKNOWN = SiteOutcomeUnknown("jupiter:8080 did not answer.", code="unknown.answer")
NO = SiteRefused("jupiter:8080 does not accept the login.", code="refused.credentials")
BUSY = SiteUnavailable("jupiter:8080 is too busy.", code="unavailable.busy")
SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def connection(db: None) -> Connection:
    return make_connection(site=make_site(name="Jupiter"))


@pytest.fixture
def proxy(site: RunningSite) -> Iterator[FaultProxy]:
    """Between us and each of the two sites."""
    with FaultProxy(site.base_url, label=site_label, patience=1, kill=lambda: None) as proxy:
        yield proxy


@pytest.fixture
def behind(db: None, proxy: FaultProxy, site: RunningSite) -> Connection:
    """A connection to the site, through the proxy."""
    user = site.users["demo"]
    address = proxy.url + urlsplit(site.base_url).path
    return make_connection(site=make_site(base_url=address), login_name=user.login, secret=user.password)


@pytest.fixture
def impatient(settings: Settings) -> None:
    settings.MANTIK_SITE_READ_TIMEOUT = 1


def silent_since(connection: Connection, moment: datetime, *, tries: int = 0) -> SiteOutage:
    assert connection.site
    return make_outage(connection.site, connection=connection, began_at=moment, next_try_at=moment, tries=tries)


@pytest.mark.parametrize("error", [TOO_LONG, UNKNOWN])
def test_silence_opens_it_once(connection: Connection, now: datetime, error: SiteError) -> None:
    for late in range(3):
        breaker.note_silence(connection, error, now=now + late * SECOND)
    outage = SiteOutage.objects.get()
    assert (outage.site, outage.connection, outage.began_at, outage.ended_at) == (
        connection.site,
        connection,
        now,
        None,
    )
    # It is asked at once: perhaps it was one request only.
    assert (outage.tries, outage.next_try_at) == (0, now)


def test_what_an_unanswered_submission_means_is_not_told_to_those_who_wait(
    connection: Connection, now: datetime
) -> None:
    breaker.note_silence(connection, UNKNOWN, now=now)
    assert connection.site
    assert SiteOutage.objects.get().reason == f"{connection.site.host} did not answer."


@pytest.mark.parametrize("error", [NO, BUSY])
def test_an_answer_does_not_whatever_it_says(connection: Connection, now: datetime, error: SiteError) -> None:
    breaker.note_silence(connection, error, now=now)
    assert not SiteOutage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_notice_at_once_one_opens_it(now: datetime) -> None:
    connection = make_connection(site=make_site())
    answers = at_once([lambda: breaker.note_silence(connection, TOO_LONG, now=now)] * 8)
    assert answers == [None] * 8
    assert SiteOutage.objects.count() == 1


def test_other_sites_do_not_notice(connection: Connection, now: datetime) -> None:
    other = make_connection(owner=connection.owner, site=make_site())
    git = make_connection(owner=connection.owner, kind=Connection.Kind.GIT_TOKEN)
    breaker.note_silence(connection, TOO_LONG, now=now)
    assert breaker.outage_of(connection)
    assert (breaker.outage_of(other), breaker.outage_of(git), breaker.outage_of(None)) == (None, None, None)
    assert set(breaker.outages_by_connection([connection.pk, other.pk, git.pk], now=now)) == {connection.pk}


def test_silence_soon_after_an_answer_is_the_same_outage_and_is_asked_about_at_once(
    connection: Connection, now: datetime
) -> None:
    outage = silent_since(connection, now, tries=5)
    breaker.note_answer(connection, now=now)
    soon = now + breaker.SAME_OUTAGE - SECOND
    breaker.note_silence(connection, TOO_LONG, now=soon)
    again = SiteOutage.objects.get()
    assert (again.pk, again.began_at, again.ended_at) == (outage.pk, now, None)
    assert (again.tries, again.next_try_at) == (0, soon)
    breaker.note_answer(connection, now=now)
    breaker.note_silence(connection, TOO_LONG, now=now + breaker.SAME_OUTAGE + SECOND)
    assert SiteOutage.objects.count() == 2


def test_old_outages_are_forgotten(connection: Connection, now: datetime) -> None:
    silent_since(connection, now - breaker.KEPT - 2 * SECOND)
    breaker.note_answer(connection, now=now - breaker.KEPT - SECOND)
    breaker.note_silence(connection, TOO_LONG, now=now)
    assert SiteOutage.objects.get().began_at == now


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(40, "next try in 40\xa0s"), (0.5, "it is being asked again now"), (-9, "it is being asked again now")],
)
def test_it_is_said_when_it_is_asked_again(connection: Connection, now: datetime, seconds: float, words: str) -> None:
    outage = silent_since(connection, now + timedelta(seconds=seconds))
    assert breaker.next_try(outage, now) == words


def test_the_question_that_is_answered_ends_it(behind: Connection, proxy: FaultProxy, now: datetime) -> None:
    outage = silent_since(behind, now)
    probe.probe(outage_id=outage.pk, clock=lambda: now)
    outage.refresh_from_db()
    assert (outage.ended_at, outage.lease_token) == (now, None)
    assert proxy.seen.total() == 1
    assert breaker.outage_of(behind) is None


def test_without_an_answer_it_goes_on_and_asks_less_and_less_often(
    behind: Connection, proxy: FaultProxy, now: datetime, impatient: None
) -> None:
    outage = silent_since(behind, now)
    pauses = []
    with proxy.silence():
        for _ in range(8):
            asked_at = outage.next_try_at
            probe.probe(outage_id=outage.pk, clock=lambda moment=asked_at: moment)  # type: ignore[misc]
            outage.refresh_from_db()
            pauses.append((outage.next_try_at - asked_at).total_seconds())
    assert proxy.seen.total() == 8
    assert (outage.ended_at, outage.tries, outage.lease_token) == (None, 8, None)
    doubled = (1, 2, 4, 8, 16, 32, 60, 60)
    assert [longest * SHORTEST_PART <= pause <= longest for longest, pause in zip(doubled, pauses, strict=True)] == [
        True
    ] * 8
    probe.probe(outage_id=outage.pk, clock=lambda: outage.next_try_at)
    assert breaker.outage_of(behind) is None


def test_a_site_that_answers_everybody_but_who_signs_in_is_not_back(
    behind: Connection, proxy: FaultProxy, now: datetime, impatient: None
) -> None:
    """As where its login service hangs."""
    outage = silent_since(behind, now)
    with proxy.silence(to=lambda message: b"authorization:" in message.lower()):
        probe.probe(outage_id=outage.pk, clock=lambda: now)
    outage.refresh_from_db()
    assert (outage.ended_at, outage.tries) == (None, 1)


@pytest.mark.parametrize("login", ["deleted", "sealed", "refused"])
def test_a_login_that_is_no_good_any_more_is_no_silence(
    behind: Connection, proxy: FaultProxy, now: datetime, settings: Settings, login: str
) -> None:
    outage = silent_since(behind, now)
    if login == "deleted":
        behind.delete()
    elif login == "sealed":
        settings.MANTIK_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    else:
        behind.put_secret("another password")
        behind.save()
    probe.probe(outage_id=outage.pk, clock=lambda: now)
    outage.refresh_from_db()
    assert (outage.ended_at, proxy.seen.total()) == (now, 1)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_asks(sandbox: RunningSite, now: datetime) -> None:
    """Counted in front of the site."""
    with FaultProxy(sandbox.base_url, label=site_label, patience=1, kill=lambda: None) as proxy:
        address = proxy.url + urlsplit(sandbox.base_url).path
        outage = silent_since(make_connection(site=make_site(base_url=address)), now)
        proxy.delay = 0.5
        assert at_once([lambda: probe.probe(outage_id=outage.pk, clock=lambda: now)] * 6) == [None] * 6
        assert proxy.seen.total() == 1
    outage.refresh_from_db()
    assert outage.ended_at == now


def test_nobody_asks_before_it_is_due(connection: Connection, now: datetime) -> None:
    outage = silent_since(connection, now + SECOND)
    assert probe.due_outages(now=now, limit=9) == []
    probe.probe(outage_id=outage.pk, clock=lambda: now)
    assert SiteOutage.objects.get().tries == 0


def test_a_slow_site_is_not_silent(behind: Connection, proxy: FaultProxy, now: datetime, settings: Settings) -> None:
    """Whoever asks waits as long as for any other request."""
    settings.MANTIK_SITE_READ_TIMEOUT = 4
    proxy.delay = 3
    outage = silent_since(behind, now)
    probe.probe(outage_id=outage.pk, clock=lambda: now)
    assert breaker.outage_of(behind) is None


def test_a_site_that_cannot_be_asked_is_not_back_and_that_is_said(connection: Connection, now: datetime) -> None:
    assert connection.site
    outage = silent_since(connection, now)
    connection.site.ca_bundle = "no certificate"
    connection.site.save()
    probe.probe(outage_id=outage.pk, clock=lambda: now)
    outage.refresh_from_db()
    assert outage.ended_at is None
    assert "holds no certificates in PEM format" in outage.reason


def test_an_outage_that_is_gone_is_no_error(connection: Connection, now: datetime) -> None:
    outage = silent_since(connection, now)
    probe.probe(outage_id=outage.pk + 1, clock=lambda: now)
    # Nor is another taken for it.
    assert list(SiteOutage.objects.values_list("pk", "tries")) == [(outage.pk, 0)]


def test_a_worker_that_dies_while_it_asks_leaves_it_to_the_next(
    connection: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = silent_since(connection, now)

    def die(_outage: SiteOutage) -> None:
        raise SystemExit

    monkeypatch.setattr(probe, "_error_of", die)
    with pytest.raises(SystemExit):
        probe.probe(outage_id=outage.pk, clock=lambda: now)
    outage.refresh_from_db()
    assert (outage.tries, outage.next_try_at) == (1, now + usual_time())
    assert probe.due_outages(now=now + usual_time() - SECOND, limit=9) == []
    assert probe.due_outages(now=now + usual_time(), limit=9) == [outage.pk]


def test_who_asks_a_site_as_it_was_before_it_was_changed_says_nothing_of_it(
    connection: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = silent_since(connection, now)

    def change_meanwhile(_outage: SiteOutage) -> None:
        assert connection.site
        breaker.ask_soon(connection.site, now=now + SECOND)

    monkeypatch.setattr(probe, "_error_of", change_meanwhile)
    probe.probe(outage_id=outage.pk, clock=lambda: now)
    outage.refresh_from_db()
    assert (outage.ended_at, outage.tries, outage.next_try_at) == (None, 0, now + SECOND)


@pytest.mark.parametrize("secret", ["right", "wrong"])
def test_a_test_of_a_connection_that_is_answered_ends_it(behind: Connection, now: datetime, secret: str) -> None:
    silent_since(behind, now + timedelta(minutes=1))
    if secret == "wrong":
        behind.put_secret("another password")
        behind.save()
    connections.test_connection(connection=behind, now=now)
    assert breaker.outage_of(behind) is None


def test_a_test_that_is_not_answered_changes_nothing(connection: Connection, now: datetime) -> None:
    """It waits less long than workers do."""
    assert isinstance(connections.test_connection(connection=connection, now=now), SiteUnavailable)
    assert breaker.outage_of(connection) is None
    silent_since(connection, now)
    connections.test_connection(connection=connection, now=now)
    assert breaker.outage_of(connection)


def test_what_can_wait_does_not_ask_a_silent_site(connection: Connection, now: datetime) -> None:
    connection.renew_at, connection.expires_at = now, now + timedelta(days=1)
    connection.save()
    assert tokens.due_for_renewal(now=now, limit=9) == [connection.pk]
    silent_since(connection, now)
    assert tokens.due_for_renewal(now=now, limit=9) == []


def test_a_login_service_is_asked_although_the_site_is_silent(connection: Connection, now: datetime) -> None:
    connection.kind, connection.renew_at, connection.expires_at = Kind.UNICORE_OIDC, now, now + timedelta(days=1)
    connection.save()
    silent_since(connection, now)
    assert tokens.due_for_renewal(now=now, limit=9) == [connection.pk]
