"""A PostgreSQL that crashes and comes back while real beats fire."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from mantik.up.errors import UpError
from tests.mantik.up.children import is_alive
from tests.schedules.conftest import environment_of
from tests.schedules.firing.bursts import assert_each_once, begin_burst, come_of, fired
from tests.support.factories import make_schedule
from tests.support.other_database import connected_to
from tests.support.postgres import FOR_CRASHES, Cluster, cluster
from tests.support.proofs import Proved, trials
from tests.support.schedules import Beats
from tests.support.waiting import wait_until

# So many at least, and further ones until one was amid a burst: a busy machine can see each of the first over too late.
CRASHES, MOST_CRASHES = 3, 12

pytestmark = pytest.mark.timeout(180 + 30 * MOST_CRASHES)


@pytest.fixture
def server(django_db_blocker: DjangoDbBlocker) -> Iterator[Cluster]:
    """Not that of the other tests, which it would take along. This test has its own database in it."""
    try:
        with cluster(careless=FOR_CRASHES) as made, django_db_blocker.unblock(), connected_to(made.url):
            call_command("migrate", verbosity=0)
            yield made
    except UpError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must not leave this out: {error}")
        pytest.skip(f"Left out: {error}")


@pytest.mark.parametrize("trial", range(trials(1, 20)))
def test_a_database_that_crashes_costs_no_due_time_and_repeats_none(
    server: Cluster, broker: redis.Redis, tmp_path: Path, proved: Proved, trial: int
) -> None:
    now = timezone.now()
    template = make_schedule(now=now, cron_expression=f"{now.minute} {now.hour} * * *")
    keys: list[int] = []
    crashes = midway = 0
    with Beats(environment_of(tmp_path), tmp_path / "beat.log") as beats:
        running = [beats.start(), beats.start()]
        while crashes < CRASHES or (not midway and crashes < MOST_CRASHES):
            keys += begin_burst(template)
            # The burst is over soon, so every other crash is at once.
            time.sleep(random.uniform(0, 0.15) if crashes % 2 else 0)
            connection.close()
            server.crash()
            time.sleep(random.uniform(0, 1.5))
            server.start()
            crashes += 1
            midway += fired(keys) < len(keys)
        wait_until(lambda: fired(keys) == len(keys), seconds=60)
        assert [pid for pid in running if not is_alive(pid)] == []
    proved(crashes=crashes, midway=midway, **come_of(keys))
    assert_each_once(keys)
    assert midway
