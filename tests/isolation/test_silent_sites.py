"""Sites that hang, and what that costs others: with real workers, as `manage.py up` starts them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from connections.models import SiteVisit
from mantik.up.stack import Stack
from mantik.up.worker import GROUPS
from runs.models import Run
from runs.states import BEFORE_START, RunState
from tests.connections.unicore.test_whole_answers import dripping
from tests.support.factories import make_connection, make_site
from tests.support.fetching import ask_workers
from tests.support.mlflow_server import MlflowServer
from tests.support.silent_host import SilentHost
from tests.support.stacks import stack_on_this_database, world_at_sandbox
from tests.support.waiting import wait_until
from tests.support.world import World

WAITING = 10
# One worker process waits at each of the three; one is left.
ONE_MORE = tuple(replace(group, processes=4) if group.name == "sites" else group for group in GROUPS)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


@pytest.fixture
def stack(transactional_db: None, settings: Settings, tmp_path: Path, mlflow_server: MlflowServer) -> Iterator[Stack]:
    # So long that nobody here sees it end: what goes on meanwhile did not wait for it.
    patient = {"MANTIK_SITE_READ_TIMEOUT": "600", "MANTIK_SITE_SEND_TIMEOUT": "600", "MANTIK_SITE_PROCESSES": "1"}
    with stack_on_this_database(
        tmp_path, settings=settings, mlflow_server=mlflow_server, groups=ONE_MORE, environment=patient
    ) as running:
        yield running


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> World:
    return world_at_sandbox(stack, tmp_path / "world")


@pytest.fixture
def neighbours(world: World) -> Iterator[list[World]]:
    """The same member at two sites that never answer, and at one that sends a byte now and then."""
    with ExitStack() as sites:
        addresses = [sites.enter_context(closing(SilentHost())).site_url for _ in range(2)]
        addresses.append(sites.enter_context(dripping(b"", b"H")))
        yield [
            replace(world, connection=make_connection(owner=world.user, site=make_site(base_url=address)))
            for address in addresses
        ]


def test_three_of_them_stop_neither_another_site_nor_a_fetch(world: World, neighbours: list[World]) -> None:
    for neighbour in neighbours:
        for number in range(WAITING):
            neighbour.start_run(f"neighbour {number}")
    # A worker waits for each of them, and no more than one.
    wait_until(lambda: SiteVisit.objects.count() == len(neighbours), seconds=60)

    run = world.start_run("ours", parameters={"seconds": "0"})
    wait_until(lambda: Run.objects.filter(pk=run.pk, state=RunState.FINISHED).exists(), seconds=90)
    wait_until(ask_workers(world.code), seconds=60)

    # They still wait, in order, and so do their runs.
    waiting = Run.objects.filter(state__in=BEFORE_START)
    assert waiting.count() == WAITING * len(neighbours)
    assert waiting.filter(attempts__gt=0).count() <= 2 * len(neighbours)
    assert SiteVisit.objects.filter(connection__in=[one.connection for one in neighbours]).count() <= len(neighbours)
