"""Testing a connection: a page asks for it, a worker does it, the card shows what came of it."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.logins import site_clients
from connections.logins.attempts import OF_LOGIN, OF_MEMBER, _login
from connections.logins.budget_accounts import learned_at, named_accounts
from connections.models import Connection, Site
from connections.services import connections
from connections.services.connections import request_test, serve_test
from connections.visits.places import Purpose, visiting
from mantik.accounts.models import User
from tests.conftest import ClientOf
from tests.support.factories import make_connection, make_site
from tests.support.pages import page_text
from tests.support.silent_host import SilentHost
from tests.support.sites import RunningSite

pytestmark = pytest.mark.django_db

LIST = "/settings/connections/"
ADD = "/settings/connections/add/"
SECRET = "hunter2-and-more"


@pytest.fixture
def mine(outsider: User) -> Connection:
    return make_connection(owner=outsider, name="juwels", secret=SECRET)


@pytest.fixture
def client(confirmed_client_of: ClientOf, outsider: User) -> Client:
    """Of the connections' owner, who is in no project."""
    return confirmed_client_of(outsider)


def connect(outsider: User, site: RunningSite, **columns: Any) -> Connection:
    known = make_site(name="Sandbox", base_url=site.base_url)
    user = site.users["demo"]
    usual: dict[str, Any] = {"owner": outsider, "name": "mine", "login_name": user.login, "secret": user.password}
    return make_connection(site=known, **usual | columns)


def token_form(site: Site) -> dict[str, Any]:
    return {"kind": "unicore-token", "name": "mine", "site": str(site.uuid), "login_name": "ada", "secret": SECRET}


def after_test(client: Client, connection: Connection) -> str:
    """What the page says after Test was pressed and a worker has done it."""
    client.post(f"{LIST}{connection.uuid}/test/")
    serve_test(connection_id=connection.pk, clock=timezone.now)
    return page_text(client.get(LIST))


def test_a_connection_that_works_says_who_one_is_there(client: Client, outsider: User, sandbox: RunningSite) -> None:
    made = connect(outsider, sandbox)
    text = after_test(client, made)
    made.refresh_from_db()
    assert made.test_outcome == Connection.TestOutcome.WORKS
    assert "Works" in text
    assert f"The site knows you as {sandbox.users['demo'].uid}." in text
    for fact in ("Login at the site demo", "Role user", "Groups users", "Queues batch , devel", "New jobs accepted"):
        assert fact in text
    assert "Compute budget accounts demo , other" in text


def test_budget_accounts_are_those_that_queues_take_and_those_with_a_budget(client: Client, mine: Connection) -> None:
    mine.facts = {"account": "ada", "budgets": [{"account": "acc_wind", "remaining": 8, "unit": "h", "percent": None}]}
    mine.queue_limits = {"batch": {"Project": ["acc_sol"]}, "gpu": {"Project": ["acc_gpu", "acc_sol"]}, "odd": {}}
    mine.save()
    assert "Compute budget accounts acc_sol , acc_gpu , acc_wind" in page_text(client.get(LIST))


def test_what_the_site_said_is_as_old_as_the_last_good_test(
    client: Client, outsider: User, sandbox: RunningSite
) -> None:
    made = connect(outsider, sandbox)
    after_test(client, made)
    made.refresh_from_db()
    first = learned_at(made)
    assert first == made.tested_at
    made.put_secret("no longer right")
    made.secret_set_at = timezone.now()
    made.save()
    after_test(client, made)
    made.refresh_from_db()
    assert made.test_outcome == Connection.TestOutcome.REFUSED
    assert (learned_at(made), named_accounts(made)) == (first, ("demo", "other"))


def test_with_another_secret_nothing_is_known_of_accounts(client: Client, outsider: User, sandbox: RunningSite) -> None:
    """It may be of another login."""
    made = connect(outsider, sandbox)
    after_test(client, made)
    client.post(f"{LIST}{made.uuid}/secret/", {"secret": "of somebody else"})
    made.refresh_from_db()
    assert (learned_at(made), named_accounts(made)) == (None, ())


def test_a_wrong_password_is_a_sentence_on_the_card(
    client: Client, outsider: User, sandbox: RunningSite, caplog: pytest.LogCaptureFixture
) -> None:
    made = connect(outsider, sandbox, secret=SECRET)
    with caplog.at_level(logging.DEBUG):
        after_test(client, made)
        content = client.get(LIST).content.decode()
    made.refresh_from_db()
    assert made.test_outcome == Connection.TestOutcome.REFUSED
    assert made.test_message in page_text(client.get(LIST))
    assert made.test_message.endswith(".")
    assert SECRET not in content + caplog.text


def test_after_the_right_password_was_given_it_works(client: Client, outsider: User, sandbox: RunningSite) -> None:
    """What was kept open for the old one is not used any more."""
    made = connect(outsider, sandbox, secret="wrong")
    after_test(client, made)
    client.post(f"{LIST}{made.uuid}/secret/", {"secret": sandbox.users["demo"].password})
    after_test(client, made)
    made.refresh_from_db()
    assert made.test_outcome == Connection.TestOutcome.WORKS


def test_a_site_that_is_not_there_is_a_sentence_on_the_card(client: Client, outsider: User) -> None:
    from mantik.up.ports import free_port

    site = make_site(base_url=f"http://127.0.0.1:{free_port()}/SITE/rest/core")
    made = make_connection(owner=outsider, site=site)
    text = after_test(client, made)
    made.refresh_from_db()
    assert made.test_outcome == Connection.TestOutcome.NO_ANSWER
    assert made.test_message in text


def test_a_page_does_not_wait_for_the_test(client: Client, outsider: User) -> None:
    with closing(SilentHost()) as host:
        made = make_connection(owner=outsider, site=make_site(base_url=host.site_url))
        text = page_text(client.post(f"{LIST}{made.uuid}/test/", follow=True))
        assert host.visits == 0
    assert "Being tested" in text


def test_few_pages_wait_for_sites_at_once(client: Client) -> None:
    """Each holds a thread of the web server, of which there are eight. A password is exchanged for a token at once."""
    with closing(SilentHost()) as host, site_clients.SEATS._free, site_clients.SEATS._free:
        site = make_site(base_url=host.site_url)
        text = page_text(client.post(ADD, token_form(site)))
        assert host.visits == 0
    assert "Mantik is waiting for other sites at the moment. Try again in a few seconds." in text


def test_a_new_secret_is_tested_at_once_but_a_key_pair_has_to_be_taken_to_the_site_first(
    client: Client, outsider: User, sandbox: RunningSite
) -> None:
    made = connect(outsider, sandbox)
    client.post(f"{LIST}{made.uuid}/secret/", {"secret": sandbox.users["demo"].password})
    made.refresh_from_db()
    assert made.awaits_test
    with_key = make_connection(owner=outsider, kind=Connection.Kind.UNICORE_KEY, name="key", site=made.site)
    client.post(f"{LIST}{with_key.uuid}/secret/")
    with_key.refresh_from_db()
    assert not with_key.awaits_test


def test_the_card_is_asked_for_until_the_test_is_done(client: Client, outsider: User, sandbox: RunningSite) -> None:
    made = connect(outsider, sandbox)
    client.post(f"{LIST}{made.uuid}/test/")
    assert f'hx-get="{LIST}{made.uuid}/card/"' in client.get(LIST).content.decode()
    assert client.get(f"{LIST}{made.uuid}/card/").status_code == 204
    serve_test(connection_id=made.pk, clock=timezone.now)
    answer = client.get(f"{LIST}{made.uuid}/card/")
    content = answer.content.decode()
    assert answer.status_code == 200
    assert "Works" in content
    assert "hx-get" not in content
    assert "<html" not in content


def test_a_test_that_is_asked_for_during_another_one_is_done_after_it(
    client: Client, outsider: User, sandbox: RunningSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one under way may have begun before the public key was put into its place."""
    made = connect(outsider, sandbox)
    request_test(made)

    def pressed_meanwhile(*, connection: Connection, now: datetime) -> None:
        request_test(connection)

    with monkeypatch.context() as patch:
        patch.setattr(connections, "test_connection", pressed_meanwhile)
        serve_test(connection_id=made.pk, clock=timezone.now)
    made.refresh_from_db()
    assert made.awaits_test
    assert "Works" in after_test(client, made)
    made.refresh_from_db()
    assert not made.awaits_test


def test_a_test_that_fails_by_an_error_of_ours_is_not_repeated_for_ever(
    outsider: User, sandbox: RunningSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(outsider, sandbox)
    request_test(made)

    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(connections, "test_connection", fail)
    with pytest.raises(ZeroDivisionError):
        serve_test(connection_id=made.pk, clock=timezone.now)
    assert not Connection.objects.awaiting_test().exists()


def test_a_test_waits_for_a_place_at_the_site(client: Client, outsider: User, sandbox: RunningSite) -> None:
    made = connect(outsider, sandbox)
    request_test(made)
    minute = timedelta(seconds=60)
    with visiting(made, purpose=Purpose.FOLLOW, longest=minute, clock=timezone.now) as has_place:
        assert has_place
        serve_test(connection_id=made.pk, clock=timezone.now)
    made.refresh_from_db()
    assert made.awaits_test
    assert list(Connection.objects.awaiting_test()) == [made]
    serve_test(connection_id=made.pk, clock=timezone.now)
    made.refresh_from_db()
    assert not made.awaits_test


def test_a_secret_that_does_not_open_any_more_is_a_sentence_on_the_card(
    client: Client, mine: Connection, settings: Settings
) -> None:
    settings.MANTIK_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    text = after_test(client, mine)
    assert "A stored secret cannot be decrypted with the encryption keys in use. Replace the secret of this" in text
    Connection.objects.update(kind=Connection.Kind.UNICORE_KEY)
    text = after_test(client, mine)
    assert "in use. Make a new key pair for this connection." in text


def test_a_git_connection_cannot_be_tested_at_a_site(client: Client, outsider: User) -> None:
    made = make_connection(owner=outsider, kind=Connection.Kind.GIT_TOKEN)
    text = page_text(client.post(f"{LIST}{made.uuid}/test/", follow=True))
    assert f"{made.name} is for a git host; only connections to sites are tested." in text


def guess(client: Client, site: Site, password: str, *, login: str = "admin", number: int = 0) -> Any:
    form = {"kind": "unicore-token", "name": f"mine {number}", "site": str(site.uuid), "login_name": login}
    return client.post(ADD, form | {"secret": password})


def test_passwords_of_somebody_else_cannot_be_tried_at_a_site(
    confirmed_client_of: ClientOf, outsider: User, owner: User, sandbox: RunningSite
) -> None:
    site, user = make_site(name="Sandbox", base_url=sandbox.base_url), sandbox.users["demo"]
    for number in range(OF_LOGIN.most):
        answer = guess(confirmed_client_of(outsider), site, f"guess{number}", login=user.login)
        assert "does not accept this login name and password" in page_text(answer)
    # Neither the right password, nor another member, nor other letters: the site is not asked.
    for client, login in (
        (confirmed_client_of(outsider), user.login),
        (confirmed_client_of(owner), user.login.upper()),
    ):
        answer = guess(client, site, user.password, login=login)
        assert answer.status_code == 422
        text = page_text(answer)
        assert f"has refused the password of {login} 5 times within an hour, so Mantik does not ask it again" in text
    assert not Connection.objects.exists()


def test_a_member_cannot_try_one_password_at_many_logins(client: Client, outsider: User, sandbox: RunningSite) -> None:
    site = make_site(name="Sandbox", base_url=sandbox.base_url)
    for _ in range(OF_MEMBER.most):
        OF_MEMBER.note(str(outsider.pk))
    user = sandbox.users["demo"]
    text = page_text(guess(client, site, user.password, login=user.login))
    assert "Sites have refused 20 of your passwords within an hour. Try again in an hour." in text


def test_adding_and_testing_is_no_way_around(client: Client, outsider: User, sandbox: RunningSite) -> None:
    for number in range(OF_LOGIN.most):
        guessed = connect_again(outsider, sandbox, secret=f"guess{number}")
        after_test(client, guessed)
        guessed.delete()
    right = connect_again(outsider, sandbox)
    assert "has refused the password of demo 5 times within an hour" in after_test(client, right)


def test_a_login_that_has_worked_is_tested_as_often_as_one_likes(
    client: Client, outsider: User, sandbox: RunningSite
) -> None:
    mine = connect(outsider, sandbox)
    assert "Works" in after_test(client, mine)
    Connection.objects.filter(pk=mine.pk).update(last_used_at=timezone.now())
    for _ in range(OF_LOGIN.most):
        OF_LOGIN.note(*login_of(mine))
    assert "Works" in after_test(client, mine)


def connect_again(outsider: User, site: RunningSite, **columns: Any) -> Connection:
    known = Site.objects.filter(name="Sandbox").first() or make_site(name="Sandbox", base_url=site.base_url)
    user = site.users["demo"]
    usual = {"login_name": user.login, "secret": user.password} | columns
    return make_connection(owner=outsider, name="mine", site=known, **usual)


def login_of(connection: Connection) -> tuple[str, str]:
    assert connection.site
    return _login(connection.site, connection.login_name)
