"""Who tries too often has to wait."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django_structlog.signals import bind_extra_request_finished_metadata
from pytest_django.fixtures import Settings
from structlog.contextvars import get_contextvars

from mantik.settings import CACHES as OURS
from tests.support.factories import PASSWORD, make_user
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/sign-in/"


def try_in(client: Client, password: str) -> object:
    return client.post(SIGN_IN, {"username": "alice", "password": password})


def is_kept_out(client: Client) -> bool:
    """Whether the right password does not help."""
    response = client.post(SIGN_IN, {"username": "alice", "password": PASSWORD})
    is_in = "_auth_user_id" in client.session
    assert is_in or (response.status_code == 422 and "Too many failed attempts." in page_text(response))
    return not is_in


def test_after_five_wrong_passwords_the_right_one_has_to_wait() -> None:
    make_user("alice")
    client = Client()
    for _ in range(5):
        try_in(client, "wrong")
    assert is_kept_out(client)


def test_attempts_from_elsewhere_keep_nobody_out() -> None:
    make_user("alice")
    for _ in range(6):
        try_in(Client(REMOTE_ADDR="203.0.113.1"), "wrong")
    assert is_kept_out(Client(REMOTE_ADDR="203.0.113.1"))
    assert not is_kept_out(Client(REMOTE_ADDR="203.0.113.2"))


def test_an_address_counts_for_all_who_have_that_network() -> None:
    """Whoever has a network of IPv6 has more addresses than there are passwords."""
    make_user("alice")
    for number in range(5):
        try_in(Client(REMOTE_ADDR=f"2001:db8:1:2::{number}"), "wrong")
    assert is_kept_out(Client(REMOTE_ADDR="2001:db8:1:2::99"))
    assert not is_kept_out(Client(REMOTE_ADDR="2001:db8:1:3::1"))


def test_attempts_from_many_addresses_are_counted_together(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed_everywhere": "7/h/key"}
    make_user("alice")
    at_home = Client(REMOTE_ADDR="198.51.100.1")
    assert not is_kept_out(at_home)
    for number in range(7):
        try_in(Client(REMOTE_ADDR=f"203.0.113.{number}"), "wrong")
    assert is_kept_out(Client(REMOTE_ADDR="203.0.113.99"))
    # Where she is signed in she can sign in again.
    assert not is_kept_out(Client(REMOTE_ADDR="198.51.100.1"))


def test_right_passwords_are_not_counted(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed_everywhere": "3/h/key"}
    make_user("alice")
    assert not any(is_kept_out(Client(REMOTE_ADDR=f"203.0.113.{number}")) for number in range(5))


def test_one_place_has_ten_attempts_in_a_minute_whatever_the_names() -> None:
    client = Client()
    answers = [client.post(SIGN_IN, {"username": f"name{n}", "password": "wrong"}) for n in range(11)]
    assert "Too many failed attempts." not in page_text(answers[9])
    assert "Too many failed attempts." in page_text(answers[10])


def test_who_asks_for_pages_too_often_is_told_so_in_our_own_page() -> None:
    client = Client()
    for _ in range(20):
        client.post("/accounts/sign-up/", {})
    response = client.post("/accounts/sign-up/", {})
    assert response.status_code == 429
    assert "Too many attempts" in page_text(response)


def test_what_a_stranger_writes_into_a_header_is_not_their_address() -> None:
    """Without a proxy anybody may send X-Forwarded-For."""
    client = Client()
    for number in range(10):
        client.post(
            SIGN_IN, {"username": f"name{number}", "password": "x"}, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}"
        )
    response = client.post(SIGN_IN, {"username": "last", "password": "x"}, HTTP_X_FORWARDED_FOR="198.51.100.77")
    assert "Too many failed attempts." in page_text(response)


def test_behind_a_proxy_each_client_counts_for_itself(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client = Client()
    for number in range(12):
        response = client.post(
            SIGN_IN,
            {"username": f"name{number}", "password": "x"},
            HTTP_X_FORWARDED_FOR=f"6.6.6.6, 198.51.100.{number}",
        )
    assert "Too many failed attempts." not in page_text(response)


def test_attempts_are_counted_in_the_database_that_every_process_shares(settings: Settings) -> None:
    settings.CACHES = OURS
    call_command("createcachetable")
    caches["default"].clear()
    make_user("alice")
    for _ in range(5):
        try_in(Client(), "wrong")
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM cache")
        assert cursor.fetchone()[0] > 0
    assert "Too many failed attempts." in page_text(try_in(Client(), PASSWORD))


@pytest.mark.parametrize(("proxies", "logged"), [(0, "127.0.0.1"), (1, "203.0.113.77")])
def test_logs_name_the_address_by_which_attempts_are_counted(
    client: Client, settings: Settings, proxies: int, logged: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    seen: list[object] = []

    def look(**_: Any) -> None:
        seen.append(get_contextvars()["ip"])

    bind_extra_request_finished_metadata.connect(look)
    try:
        client.get(SIGN_IN, headers={"X-Forwarded-For": "203.0.113.77"})
    finally:
        bind_extra_request_finished_metadata.disconnect(look)
    assert seen == [logged]
