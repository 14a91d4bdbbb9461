"""Real workers: projects that start many runs in the same moment take turns at their site."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from mantik.up.stack import Stack
from runs.models import Run
from runs.states import RunState
from runs.submission.create import Order, recipe_of_plan, send_to_workers_on_commit, store_runs
from tests.exactly_once.conftest import come_of
from tests.support.proofs import Proved, trials
from tests.support.stacks import world_at_sandbox
from tests.support.waiting import wait_until
from tests.support.world import ACCOUNT, World

OF_EACH = trials(15, 100)
SECONDS = 120 + 6 * OF_EACH


def orders(world: World) -> list[Order]:
    recipe = recipe_of_plan(
        world.plan(), experiment=world.experiment, connection=world.connection, compute_budget_account=ACCOUNT
    )
    return [
        Order(project=world.project, created_by=world.user, name=f"run {number}", recipe=recipe, message="In one go.")
        for number in range(OF_EACH)
    ]


@pytest.mark.any_database
@pytest.mark.timeout(SECONDS + 60)
def test_three_projects_take_turns(stack: Stack, tmp_path: Path, proved: Proved) -> None:
    worlds = [world_at_sandbox(stack, tmp_path / name) for name in ("first", "second", "third")]
    # By project, so that without turns the last project would wait for all others.
    ordered = [order for world in worlds for order in orders(world)]
    with transaction.atomic():
        keys = store_runs(ordered, verb="run.scheduled", actor=None, now=timezone.now())
        send_to_workers_on_commit(keys)

    wait_until(lambda: not Run.objects.active().exists(), seconds=SECONDS)

    in_turn = list(Run.objects.order_by("submitted_at", "pk").values_list("project", flat=True))
    half = Counter(in_turn[: len(in_turn) // 2])
    fewest = min(half[world.project.pk] for world in worlds)
    come = Counter[str]()
    for world in worlds:
        come.update(come_of(world, Run.objects.filter(project=world.project)))
    proved(fewest_of_a_project_in_the_first_half=fewest, **come)
    assert {run.state for run in Run.objects.all()} == {RunState.FINISHED}
    assert come["doubled"] == come["lost"] == 0
    # A third each on average. Whose turn it is is drawn by lot.
    assert fewest >= len(in_turn) // 2 // 3 // 5
