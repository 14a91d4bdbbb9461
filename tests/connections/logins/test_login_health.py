"""One refusal proves nothing; several in a row, over some time, do. Ends of secrets are told in time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from connections.logins import expiry, login_health, uses
from connections.logins.uses import Use
from connections.models import Connection
from connections.services import connections
from connections.unicore.errors import SiteRefused, SiteUnavailable
from connections.unicore.values import SiteOffer
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.notices.models import Notice
from tests.conftest import ClientOf
from tests.support.factories import make_connection, make_site
from tests.support.pages import page_text
from tests.support.sites import RunningSite

pytestmark = pytest.mark.django_db

NO = SiteRefused("JSC does not accept the login.", code="refused.credentials")
LIST = "/settings/connections/"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def mine(outsider: User) -> Connection:
    return make_connection(owner=outsider, name="juwels", site=make_site(name="JSC"))


def refuse(connection: Connection, *moments: datetime) -> bool:
    believed = False
    for moment in moments:
        believed = login_health.note_refusal(Connection.objects.get(pk=connection.pk), NO, now=moment)
    connection.refresh_from_db()
    return believed


def minutes(now: datetime, *ago: int) -> list[datetime]:
    return [now - timedelta(minutes=minute) for minute in ago]


def notices() -> list[str]:
    return list(Notice.objects.order_by("pk").values_list("text", flat=True))


def test_one_refusal_proves_nothing(mine: Connection, now: datetime) -> None:
    assert refuse(mine, now) is False
    assert login_health.why_login_unused(mine) == ""
    assert notices() == []


def test_many_at_once_prove_nothing_either(mine: Connection, now: datetime) -> None:
    """A site that restarts its login service refuses all workers within seconds."""
    assert refuse(mine, *[now] * 20) is False
    assert mine.refusals == 20


def test_three_in_a_row_over_ten_minutes_are_believed_and_told_once(mine: Connection, now: datetime) -> None:
    assert refuse(mine, *minutes(now, 11, 5, 0)) is True
    assert refuse(mine, now) is True
    assert "JSC has refused the login of this connection 4 times since" in login_health.why_login_unused(mine)
    [text] = notices()
    assert text.startswith("JSC no longer accepts the login of your connection juwels.")
    assert AuditEvent.objects.filter(verb="connection.marked_bad", actor=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_its_owner_gets_a_letter(mine: Connection, now: datetime) -> None:
    from mantik.notices.tasks import sweep_letters

    refuse(mine, *minutes(now, 11, 5, 0))
    sweep_letters()
    assert [letter.to for letter in mail.outbox] == [[mine.owner.email]]


def test_a_good_answer_in_between_begins_anew(mine: Connection, now: datetime) -> None:
    refuse(mine, *minutes(now, 30, 20))
    login_health.note_use(mine, now=now - timedelta(minutes=15))
    assert refuse(mine, *minutes(now, 10, 5)) is False
    assert mine.refusals == 2


def test_only_refusals_of_the_login_count(mine: Connection, now: datetime) -> None:
    for error in (SiteUnavailable("Away."), SiteRefused("Not this.", code="refused.forbidden")):
        login_health.note_refusal(mine, error, now=now)
    mine.refresh_from_db()
    assert mine.refusals == 0


def test_what_was_said_of_an_older_secret_does_not_count(mine: Connection, now: datetime) -> None:
    stale = Connection.objects.get()
    connections.replace_secret(connection=mine, secret="right", now=now)
    for _ in range(3):
        login_health.note_refusal(stale, NO, now=now)
    mine.refresh_from_db()
    assert mine.refusals == 0


def test_it_is_seen_on_the_card_and_a_new_secret_ends_it(
    confirmed_client_of: ClientOf, mine: Connection, outsider: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[Connection] = []
    monkeypatch.setattr(uses, "_wakers", {"an app": lambda connection, _now: woken.append(connection)})
    refuse(mine, *minutes(now, 11, 5, 0))
    client: Client = confirmed_client_of(outsider)
    assert "juwels Suspended JSC has refused the login" in page_text(client.get(LIST))

    client.post(f"{LIST}{mine.uuid}/secret/", {"secret": "right"})

    assert "Suspended" not in page_text(client.get(LIST))
    assert woken == [mine]


def test_a_test_that_goes_well_ends_it(
    outsider: User, sandbox: RunningSite, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site was ill, not the login."""
    woken: list[Connection] = []
    monkeypatch.setattr(uses, "_wakers", {"an app": lambda connection, _now: woken.append(connection)})
    monkeypatch.setattr(uses, "_finders", {"an app": lambda _connection: [Use("the run nightly")]})
    user = sandbox.users["demo"]
    site = make_site(base_url=sandbox.base_url)
    made = make_connection(owner=outsider, site=site, login_name=user.login, secret=user.password)
    refuse(made, *minutes(now, 11, 5, 0))
    assert expiry.ask_again(now=now) == [made.pk]

    expiry.test_again(connection_id=made.pk, now=now)

    made.refresh_from_db()
    assert (made.marked_bad_at, made.refusals) == (None, 0)
    assert woken == [made]
    assert expiry.ask_again(now=now) == []
    assert AuditEvent.objects.filter(verb="connection.restored", actor=None).exists()


def test_nobody_is_bothered_for_what_nobody_waits_for(
    mine: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "_finders", {})
    refuse(mine, *minutes(now, 11, 5, 0))
    assert expiry.ask_again(now=now) == []


def test_what_nobody_waits_for_keeps_nobody_elses_from_being_tested(
    mine: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited_for = make_connection(owner=mine.owner, site=mine.site, name="waited for")
    for one in (mine, waited_for):
        refuse(one, *minutes(now, 11, 5, 0))
    Connection.objects.filter(pk=waited_for.pk).update(tested_at=now)
    Connection.objects.filter(pk=mine.pk).update(tested_at=now - timedelta(days=1))
    found = {waited_for.pk: [Use("the run nightly")]}
    monkeypatch.setattr(uses, "_finders", {"an app": lambda connection: found.get(connection.pk, [])})
    assert expiry.ask_again(now=now, limit=1) == [waited_for.pk]


def test_a_refusal_of_a_connection_that_was_deleted_counts_for_nobody(mine: Connection, now: datetime) -> None:
    held = Connection.objects.get(pk=mine.pk)
    mine.delete()
    assert login_health.note_refusal(held, NO, now=now) is False


def test_use_is_written_down_but_not_every_second(mine: Connection, now: datetime) -> None:
    login_health.note_use(mine, now=now)
    login_health.note_use(mine, now=now + timedelta(minutes=1))
    mine.refresh_from_db()
    assert mine.last_used_at == now
    login_health.note_use(mine, now=now + timedelta(minutes=6))
    mine.refresh_from_db()
    assert mine.last_used_at == now + timedelta(minutes=6)


def test_who_is_about_to_use_it_is_told(mine: Connection, now: datetime) -> None:
    assert login_health.caution_before_use(mine, now=now) == ""
    refuse(mine, *minutes(now, 11, 5, 0))
    caution = login_health.caution_before_use(mine, now=now)
    assert "JSC has refused the login" in caution
    assert "Replace the secret under Connections in your own settings. After that, everything" in caution
    mine.expires_at = now
    assert login_health.caution_before_use(mine, now=now).startswith(
        "The last day that you entered for the secret of juwels is over."
    )
    mine.kind = Connection.Kind.UNICORE_TOKEN
    assert login_health.caution_before_use(mine, now=now).startswith("The secret of juwels has expired.")


def test_a_new_key_pair_helps_once_its_public_key_is_in_place(mine: Connection, now: datetime) -> None:
    Connection.objects.update(kind=Connection.Kind.UNICORE_KEY)
    refuse(mine, *minutes(now, 11, 5, 0))
    helps = "own settings. Once its public key is in place of the old one, everything that waits"
    unused, caution = login_health.why_login_unused(mine), login_health.caution_before_use(mine, now=now)
    assert f"Its owner can make a new key pair under Connections in their {helps}" in unused
    assert f"Make a new key pair under Connections in your {helps}" in caution
    assert "Make a new key pair. Once" in login_health.warning_for_owner(mine)
    assert (
        "Runs that use this connection wait until the public key of a new key pair is in place. Until then, due times "
        "of schedules that use it are refused."
    ) in notices()[0]


# Ends


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (15, []),
        (13, ["expires on"]),
        (1, ["expires on"]),
        (-1, ["has expired. Until you replace it, due times of schedules that use it are refused, and runs wait if"]),
    ],
)
def test_an_end_is_told_in_time(mine: Connection, now: datetime, days: int, words: list[str]) -> None:
    Connection.objects.update(expires_at=now + timedelta(days=days))
    for _ in range(2):
        expiry.warn_of_ends(now=now)
    found = notices()
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))


def test_the_day_of_an_end_is_that_of_its_owner(mine: Connection, now: datetime) -> None:
    User.objects.update(time_zone="America/Los_Angeles")
    Connection.objects.update(expires_at=now.replace(day=2, hour=6, minute=59))
    expiry.warn_of_ends(now=now.replace(day=1))
    assert f"expires on 1 {now:%B %Y}." in notices()[0]


def test_the_end_of_a_token_for_a_git_host_is_told_as_what_it_is(mine: Connection, now: datetime) -> None:
    Connection.objects.update(kind=Connection.Kind.GIT_TOKEN, site=None, expires_at=now + timedelta(days=1))
    expiry.warn_of_ends(now=now)
    expiry.warn_of_ends(now=now + timedelta(days=2))
    expires, has_expired = notices()
    assert expires.startswith("The access token of your connection juwels expires on")
    assert has_expired == (
        "The access token of your connection juwels has expired. Code cannot be fetched with it until you replace the "
        "token."
    )


def test_an_end_is_told_at_each_stage_once(mine: Connection, now: datetime) -> None:
    Connection.objects.update(expires_at=now + timedelta(days=14))
    for day in range(20):
        expiry.warn_of_ends(now=now + timedelta(days=day))
    assert len(notices()) == 3


def test_a_token_that_is_renewed_in_time_is_nobodys_worry(mine: Connection, now: datetime) -> None:
    Connection.objects.update(expires_at=now + timedelta(days=5), renew_at=now)
    expiry.warn_of_ends(now=now)
    assert notices() == []
    Connection.objects.update(renewal_error="JSC cannot be reached.")
    expiry.warn_of_ends(now=now)
    assert "Mantik could not renew it: JSC cannot be reached." in notices()[0]


# Use by other apps


def test_what_is_still_used_is_not_deleted(
    confirmed_client_of: ClientOf, mine: Connection, outsider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "_finders", {"an app": lambda _connection: [Use("the schedule nightly", "/there/")]})
    client = confirmed_client_of(outsider)
    path = f"{LIST}{mine.uuid}/delete/"
    for response in (client.get(path), client.post(path)):
        text = page_text(response)
        assert "juwels is still in use" in text
        assert "the schedule nightly" in text
        assert '<button class="btn btn-danger">' not in response.content.decode()
    assert response.status_code == 409
    assert Connection.objects.exists()
    monkeypatch.setattr(uses, "_finders", {})
    client.post(path)
    assert not Connection.objects.exists()


# A secret that is replaced while the site has not answered yet


def test_an_answer_to_a_secret_that_was_replaced_meanwhile_is_not_stored(
    confirmed_client_of: ClientOf, mine: Connection, outsider: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_the_old(_connection: Connection) -> SiteRefused:
        connections.replace_secret(connection=Connection.objects.get(), secret="right", now=now)
        return NO

    monkeypatch.setattr(connections, "_ask_access", refuse_the_old)
    client = confirmed_client_of(outsider)
    client.post(f"{LIST}{mine.uuid}/test/")
    connections.serve_test(connection_id=mine.pk, clock=lambda: now)
    text = page_text(client.get(LIST))
    assert "Being tested" in text
    assert NO.message not in text
    mine.refresh_from_db()
    assert (mine.test_outcome, mine.test_message, mine.tested_at) == (Connection.TestOutcome.NOT_TESTED, "", None)
    assert mine.refusals == 0


def test_facts_of_a_login_that_was_replaced_meanwhile_are_not_stored(
    outsider: User, sandbox: RunningSite, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, site = sandbox.users["demo"], make_site(base_url=sandbox.base_url)
    made = make_connection(owner=outsider, site=site, login_name=user.login, secret=user.password)
    real = connections._ask_offer

    def replace_first(connection: Connection) -> SiteOffer:
        connections.replace_secret(connection=Connection.objects.get(), secret="another", now=now)
        return real(connection)

    monkeypatch.setattr(connections, "_ask_offer", replace_first)
    answer = connections.test_connection(connection=made, now=now)
    assert isinstance(answer, SiteUnavailable)
    assert (made.test_outcome, made.facts, made.queue_limits) == (Connection.TestOutcome.NOT_TESTED, {}, {})
    assert Connection.objects.get().facts == {}


def test_a_connection_that_was_deleted_meanwhile_is_no_error(
    mine: Connection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_what_is_gone(_connection: Connection) -> SiteRefused:
        Connection.objects.all().delete()
        return NO

    monkeypatch.setattr(connections, "_ask_access", refuse_what_is_gone)
    answer = connections.test_connection(connection=mine, now=now)
    assert isinstance(answer, SiteUnavailable)
