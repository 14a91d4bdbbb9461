from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from connections.models import Connection
from mantik.accounts.models import User
from mantik.lib.service_urls import own_broker_url
from projects.models import Project
from runs.models import Run
from runs.states import RunState
from schedules.firing import engine
from schedules.models import Schedule
from tests.support.factories import (
    make_code_repository,
    make_connection,
    make_run,
    make_schedule,
    make_site,
)
from tests.support.redis import client_at, server_of_ones_own
from tests.support.schedules import Beats
from tests.support.stacks import database_url

# A Monday morning, one minute before schedules of every five minutes are due.
EARLIER = datetime(2027, 3, 1, 7, 59, tzinfo=UTC)
DUE = EARLIER + timedelta(minutes=1)


def fire(now: datetime) -> None:
    """As beat does at `now`, until nothing is due any more."""
    while (due := engine.next_moment()) and due <= now and engine.fire_due(now=now):
        pass


def slots_of(schedule: Schedule) -> list[tuple[str, str]]:
    """(HH:MM in UTC, outcome) of each slot, oldest first."""
    return [(f"{slot.due_at:%H:%M}", slot.outcome) for slot in schedule.slots.order_by("due_at")]


def runs_of(schedule: Schedule) -> list[Run]:
    return list(Run.objects.filter(slot__schedule=schedule).order_by("slot__due_at"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[redis.Redis]:
    with server_of_ones_own(tmp_path) as url, client_at(url) as client:
        yield client


@pytest.fixture
def environment(transactional_db: None, broker: redis.Redis, tmp_path: Path) -> dict[str, str]:
    """Of beats that work on the database of this test."""
    return environment_of(tmp_path)


def environment_of(directory: Path) -> dict[str, str]:
    """On the database that we are connected to, and the broker in `directory`."""
    return {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DEBUG": "1",
        "MANTIK_DATA_DIR": str(django_settings.MANTIK_DATA_DIR),
        "MANTIK_DATABASE_URL": database_url(database.settings_dict),
        "MANTIK_BROKER_URL": own_broker_url(directory),
        # Not that of the suite, if it has one.
        "MANTIK_BROKER_PREFIX": "",
        "MANTIK_SECRET_KEY": django_settings.SECRET_KEY,
        "MANTIK_LOG_LEVEL": "WARNING",
    }


@pytest.fixture
def launched(environment: dict[str, str], tmp_path: Path) -> Iterator[Beats]:
    with Beats(environment, tmp_path / "beat.log") as beats:
        yield beats


@pytest.fixture
def template(transactional_db: None) -> Schedule:
    """Not due for a day."""
    now = timezone.now()
    return make_schedule(now=now, cron_expression=f"{now.minute} {now.hour} * * *")


# What the pages are looked at with. Tests of the engine make their own.


@pytest.fixture
def connection(ada: User) -> Connection:
    return make_connection(
        owner=ada, name="to-site-a", site=make_site(name="Site A", base_url="https://a.example.org/rest/core")
    )


@pytest.fixture
def run(project: Project, ada: User, connection: Connection) -> Run:
    code = make_code_repository(project=project, created_by=ada)
    return make_run(
        RunState.FINISHED,
        project=project,
        created_by=ada,
        name="training",
        connection=connection,
        code_repository=code,
        code_name=code.name,
        code_url=code.url,
        core_hours=2.0,
        compute_budget_account="acc_sol",
        backend_config_content="Resources:\n  Queue: batch\n  Runtime: 10min\n  Nodes: 1\n",
        mlproject_content="entry_points:\n  main:\n    command: python train.py\n",
        entry_point="main",
        parameters={},
    )


@pytest.fixture
def schedule(run: Run, ada: User, connection: Connection) -> Schedule:
    return make_schedule(
        project=run.project,
        run=run,
        created_by=ada,
        connection=connection,
        name="nightly",
        cron_expression="30 2 * * *",
    )


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def by_ada(ada: User) -> Client:
    return client_of(ada)
