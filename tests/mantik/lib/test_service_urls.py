from __future__ import annotations

import os
from pathlib import Path

import pytest
from kombu import Connection

from mantik.lib.service_urls import (
    broker_options,
    broker_prefix,
    broker_url,
    database_config,
    email_config,
    own_broker_socket,
    own_broker_url,
    sqlite_url,
)


def test_a_postgresql_url_becomes_a_database() -> None:
    config = database_config("postgresql://mantik:p%40ss@db.example.org:6432/mantik?sslmode=verify-full")
    assert config["ENGINE"] == "django.db.backends.postgresql"
    names = ("USER", "PASSWORD", "HOST", "PORT", "NAME")
    assert [config[name] for name in names] == ["mantik", "p@ss", "db.example.org", "6432", "mantik"]
    usual = database_config("postgresql://db/mantik")["OPTIONS"]
    assert usual["connect_timeout"] == 5
    assert config["OPTIONS"] == usual | {"sslmode": "verify-full"}
    # What the URL says comes first.
    assert database_config("postgresql://db/mantik?tcp_user_timeout=9")["OPTIONS"] == usual | {"tcp_user_timeout": "9"}


def test_a_postgresql_socket_is_named_by_an_option() -> None:
    config = database_config("postgres://mantik@/mantik?host=/run/postgresql")
    assert config["HOST"] == "/run/postgresql"
    assert "host" not in config["OPTIONS"]


def test_a_sqlite_transaction_takes_its_lock_at_the_start() -> None:
    options = database_config("sqlite:////srv/mantik.sqlite3")["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]


@pytest.mark.parametrize("name", ["data", "my data", "c#", "100%", "what?", "grün"])
def test_a_data_directory_may_have_any_name(name: str) -> None:
    """In the addresses made from it, as Django and kombu read them."""
    path = Path("/srv") / name
    assert database_config(sqlite_url(path / "mantik.sqlite3"))["NAME"] == f"/srv/{name}/mantik.sqlite3"
    assert Connection(own_broker_url(path)).virtual_host == "/"
    assert Connection(own_broker_url(path)).as_uri() == f"redis+socket:///srv/{name}/broker/broker.sock"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://mantik:hunter2@db/mantik",
        "postgresql://mantik:hunter2@db/",
        "postgresql://mantik:hunter2/x@db:5432/mantik",
        "postgresql://mantik:hunter2@db:port/mantik",
        "sqlite://hunter2",
        "sqlite:///",
        "hunter2",
    ],
)
def test_a_wrong_database_url_is_explained_and_never_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        database_config(url)
    assert "hunter2" not in str(caught.value)
    # Nor does its cause, should somebody print that.
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "redis://:p@127.0.0.1:6379/0",
        "rediss://broker/1",
        "redis+socket:///run/x.sock",
        "redis+socket:///run/x.sock?virtual_host=3",
    ],
)
def test_a_broker_is_redis_or_valkey(url: str) -> None:
    assert broker_url(url) == url


@pytest.mark.parametrize("url", ["amqp://guest:hunter2@localhost//", "memory://", "redis://:hunter2@host:port/0"])
def test_another_broker_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"redis|URL") as caught:
        broker_url(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("redis://:p@127.0.0.1:6379", "0"),
        ("redis://:p@127.0.0.1:6379/", "0"),
        ("redis://:p@127.0.0.1:6379/7", "7"),
        ("rediss://broker/12?ssl_cert_reqs=required", "12"),
    ],
)
def test_a_brokers_url_names_one_of_its_databases(url: str, number: str) -> None:
    """As kombu reads it."""
    virtual_host = Connection(broker_url(url)).virtual_host or "/"
    assert (virtual_host.strip("/") or "0") == number


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2@broker/mantik",
        "redis://:hunter2@broker/1/2",
        "redis://:hunter2@broker/-1",
        "redis+socket://:hunter2@/run/x.sock?virtual_host=mantik",
    ],
)
def test_a_database_of_a_broker_that_is_no_number_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a database of Redis is a number") as caught:
        broker_url(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["a", "mantik", "team-7:mantik_test.v2", "x" * 64])
def test_a_brokers_prefix_is_a_name(name: str) -> None:
    assert broker_prefix(name) == name
    assert broker_options(name) == {"global_keyprefix": f"{name}:"}


# What a pattern of Redis reads as more than itself would let one installation hear another.
@pytest.mark.parametrize(
    "name", ["mantik:", ":mantik", "-", "x" * 65, "m*", "m?", "[m]", "m\\n", "my name", "mäntik", "m{1}", "m\n", "m/n"]
)
def test_a_brokers_prefix_that_would_not_keep_apart_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="it takes letters, digits and"):
        broker_prefix(name)


def test_without_a_prefix_keys_have_their_usual_names() -> None:
    assert broker_options("") == {}


def test_our_own_broker_listens_in_the_data_directory() -> None:
    assert own_broker_socket(Path("/srv/mantik")) == Path("/srv/mantik/broker/broker.sock")


def test_a_path_that_is_too_long_for_a_socket_gives_way_to_one_that_is_not() -> None:
    deep, other = Path("/srv") / ("d" * 120), Path("/srv") / ("e" * 120)
    assert len(os.fsencode(own_broker_socket(deep))) <= 100
    assert own_broker_socket(deep) == own_broker_socket(deep)
    assert own_broker_socket(deep) != own_broker_socket(other)


def test_mail_with_credentials_is_never_sent_in_the_clear() -> None:
    config = email_config("smtp://mantik:p%2Fss@mail.example.org")
    assert config["EMAIL_HOST_PASSWORD"] == "p/ss"
    assert (config["EMAIL_PORT"], config["EMAIL_USE_TLS"], config["EMAIL_USE_SSL"]) == (587, True, False)


def test_mail_may_be_encrypted_from_the_start() -> None:
    config = email_config("smtps://mantik:x@mail.example.org")
    assert (config["EMAIL_PORT"], config["EMAIL_USE_TLS"], config["EMAIL_USE_SSL"]) == (465, False, True)


def test_mail_may_go_to_the_terminal() -> None:
    assert email_config("console:")["EMAIL_BACKEND"].endswith("console.EmailBackend")


@pytest.mark.parametrize("url", ["imap://mail.example.org", "smtp://", "mail.example.org"])
def test_a_wrong_mail_url_is_explained(url: str) -> None:
    with pytest.raises(ValueError, match="it takes console:"):
        email_config(url)
