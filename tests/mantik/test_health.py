from __future__ import annotations

import json
from typing import Any

import pytest
from celery import Celery
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from mantik import health
from mantik.celery import app
from mantik.up.ports import LOOPBACK, free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody listens at."""
    lost = Celery(broker=f"redis://{LOOPBACK}:{free_port()}/0", set_as_current=False)
    monkeypatch.setattr(app, "connection_for_write", lost.connection_for_write)


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


def test_it_is_not_ready_before_its_migrations(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", set())
    monkeypatch.setattr("django.db.migrations.recorder.MigrationRecorder.applied_migrations", lambda _self: {})
    response = client.get("/readyz")
    assert response.status_code == 503
    assert json.loads(response.content)["migrations"] == "not all applied: run `manage.py migrate`"


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
