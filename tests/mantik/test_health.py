from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django.fixtures import Settings

from mantik import health
from mantik.celery import app
from mantik.lib import disk, schema
from mantik.lib.service_urls import broker_options
from mantik.up.ports import LOOPBACK, free_port
from tests.support.redis import client_at, server_of_ones_own

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
def test_probes_only_look(client: Client, settings: Settings, path: str) -> None:
    settings.MANTIK_METRICS_TOKEN = "a-token"
    assert client.head(path, headers={"Authorization": "Bearer a-token"}).status_code == 200
    assert client.post(path).status_code == 405


def test_it_is_ready_without_a_broker_and_says_so(client: Client) -> None:
    """Runs are kept, and go on when it is back."""
    response = client.get("/readyz")
    assert response.status_code == 200
    assert json.loads(response.content) == {
        "database": "ok",
        "migrations": "ok",
        "restore": "ok",
        "broker": "does not answer",
        "disk": "ok",
    }


ALL_WELL = dict.fromkeys(("database", "migrations", "restore", "broker", "disk"), "ok")


def checks(client: Client) -> tuple[int, dict[str, str]]:
    response = client.get("/readyz")
    return response.status_code, json.loads(response.content)


def test_it_says_what_a_broker_that_answers_refuses(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server_of_ones_own(tmp_path) as url, client_at(url) as server:
        options = broker_options("lab")
        ours = Celery(broker=url, broker_transport_options=options, set_as_current=False)
        monkeypatch.setattr(app, "connection_for_write", ours.connection_for_write)
        assert checks(client)[1]["broker"] == "ok"
        # It leaves nothing behind, and keeps to the prefix that others may rely on.
        assert list(server.scan_iter()) == [b"lab:mantik.readyz"]
        assert 0 < server.ttl("lab:mantik.readyz") <= 60
        server.config_set("maxmemory", "1")
        status, found = checks(client)
        assert (status, found["broker"]) == (200, "takes no messages: it has no memory left")
        assert "The broker had no memory left at " in found["disk"]
        server.config_set("maxmemory", "0")
        server.config_set("min-replicas-to-write", "1")
        assert checks(client)[1]["broker"] == "takes no messages"
        server.config_set("min-replicas-to-write", "0")
        assert checks(client) == (200, ALL_WELL)


def test_a_disk_that_is_nearly_full_is_told_and_stops_nothing(client: Client, settings: Settings) -> None:
    settings.MANTIK_DISK_MIN_PERCENT = 100
    status, found = checks(client)
    assert status == 200
    assert " is nearly full: " in found["disk"]
    assert str(settings.MANTIK_DATA_DIR) not in found["disk"]


@pytest.mark.parametrize(
    ("store", "status", "database"),
    [(disk.Store.DATABASE, 503, "has no disk space left"), (disk.Store.BROKER, 200, "ok")],
)
def test_it_is_ready_unless_its_database_has_no_room(
    client: Client, monkeypatch: pytest.MonkeyPatch, store: disk.Store, status: int, database: str
) -> None:
    monkeypatch.setattr(disk, "disks", lambda _folders: [disk.Disk((store,), 0, 10**9)])
    answered, found = checks(client)
    assert (answered, found["database"]) == (status, database)
    assert found["disk"].startswith(f"The disk of {store} is full: ")


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
    [(app, latest)] = MigrationLoader(connection).graph.leaf_nodes("schedules")
    MigrationRecorder(connection).record_unapplied(app, latest)
    assert ready(client) == (
        503,
        f"The migration schedules.{latest} is not applied: run `manage.py migrate`.",
    )
    MigrationRecorder(connection).record_applied(app, latest)
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
    clock.now += schema.BAD_ANSWER_SECONDS
    assert ready(client) == (200, "ok")


def test_it_is_not_ready_when_it_must_not_look(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_self: MigrationRecorder) -> None:
        raise ProgrammingError("permission denied for table django_migrations")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", refused)
    assert ready(client) == (503, "cannot be read")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "192.0.2.7"])
def test_without_a_token_nobody_may_measure(client: Client, address: str) -> None:
    answer = client.get("/metrics", REMOTE_ADDR=address)
    assert answer.status_code == 403
    assert "once an operator has set it" in answer.content.decode()


def test_with_a_token_only_who_has_it_may_measure(client: Client, settings: Settings) -> None:
    settings.MANTIK_METRICS_TOKEN = "a-token"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    from_afar = client.get("/metrics", headers={"Authorization": "Bearer a-token"}, REMOTE_ADDR="192.0.2.7")
    assert from_afar.status_code == 200
    assert b"django_http_requests_total" in from_afar.content
