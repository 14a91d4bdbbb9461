from __future__ import annotations

import json
from typing import Any

import pytest
from celery import Celery
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django.fixtures import Settings

from mantik import health
from mantik.celery import app
from mantik.lib import schema
from mantik.up.ports import LOOPBACK, free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody listens at."""
    lost = Celery(broker=f"redis://{LOOPBACK}:{free_port()}/0", set_as_current=False)
    monkeypatch.setattr(app, "connection_for_write", lost.connection_for_write)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """By which answers about the database age. None of another test is left."""
    made = Clock()
    monkeypatch.setattr(health, "_schema", schema.Watch(clock=made))
    return made


class Broken:
    """In the place of a database connection."""

    alias = "default"

    def cursor(self) -> Any:
        raise OperationalError("FATAL: password authentication failed for user mantik")


def test_it_is_alive_whatever_else_is_broken(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "connection", Broken())
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_come_by_address_and_without_tls(client: Client, settings: Settings, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_only_look(client: Client, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_it_is_ready_without_a_broker_and_says_so(client: Client) -> None:
    """Runs are kept, and go on when it is back."""
    response = client.get("/readyz")
    assert response.status_code == 200
    assert json.loads(response.content) == {"database": "ok", "migrations": "ok", "broker": "does not answer"}


def test_it_is_not_ready_without_its_database_and_gives_nothing_away(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "connection", Broken())
    response = client.get("/readyz")
    assert response.status_code == 503
    assert json.loads(response.content)["database"] == "does not answer"
    assert b"password" not in response.content


def ready(client: Client) -> tuple[int, str]:
    """Status, and what it says of the migrations."""
    response = client.get("/readyz")
    return response.status_code, json.loads(response.content)["migrations"]


def test_it_is_not_ready_before_its_migrations(client: Client) -> None:
    assert ready(client) == (200, "ok")
    MigrationRecorder(connection).record_unapplied("schedules", "0001_initial")
    assert ready(client) == (
        503,
        "The migration schedules.0001_initial is not applied: run `manage.py migrate`.",
    )
    MigrationRecorder(connection).record_applied("schedules", "0001_initial")
    assert ready(client) == (200, "ok")


def test_it_is_not_ready_with_data_of_a_newer_version(client: Client) -> None:
    MigrationRecorder(connection).record_applied("runs", "0999_of_tomorrow")
    status, said = ready(client)
    assert status == 503
    assert said.startswith("The migration runs.0999_of_tomorrow is applied, but not part of this version of Mantik.")


def test_it_is_not_ready_without_a_column_that_the_code_needs(client: Client, clock: Clock) -> None:
    """All migrations are on record, as in data of a development version, whose migrations were rewritten."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE runs_run DROP COLUMN tree_sha")
        status, said = ready(client)
        assert status == 503
        assert said.startswith("The table runs_run has no column tree_sha. These data were made by")
        cursor.execute("ALTER TABLE runs_run ADD COLUMN tree_sha varchar(64) NOT NULL DEFAULT ''")
    assert ready(client) == (503, said)
    clock.now += schema.BAD_SECONDS
    assert ready(client) == (200, "ok")


def test_it_is_not_ready_when_it_must_not_look(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_self: MigrationRecorder) -> None:
        raise ProgrammingError("permission denied for table django_migrations")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", refused)
    assert ready(client) == (503, "cannot be read")


def test_this_machine_may_measure(client: Client) -> None:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert b"django_http_requests_total" in response.content


@pytest.mark.parametrize(
    "came", [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.7", "REMOTE_ADDR": "127.0.0.1"}], ids=str
)
def test_nobody_else_may_measure(client: Client, came: dict[str, str]) -> None:
    assert client.get("/metrics", **came).status_code == 403  # type: ignore[arg-type]


def test_behind_a_proxy_everybody_comes_from_here(client: Client, settings: Settings) -> None:
    settings.MANTIK_BEHIND_PROXY = True
    assert client.get("/metrics").status_code == 403


def test_with_a_token_only_who_has_it_may_measure(client: Client, settings: Settings) -> None:
    settings.MANTIK_METRICS_TOKEN = "a-token"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    from_afar = client.get("/metrics", headers={"Authorization": "Bearer a-token"}, REMOTE_ADDR="192.0.2.7")
    assert from_afar.status_code == 200
