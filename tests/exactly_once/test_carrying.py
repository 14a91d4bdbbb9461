"""What a training has logged is in MLflow once and in its order, whichever worker is killed and whatever is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import pytest

from runs.models import Run
from tests.exactly_once.conftest import Stage, StageMaker, aim_at
from tests.exactly_once.logged_job import (
    assert_all_is_there_once,
    carry,
    finished,
    folder_of,
    log_everything,
    until_home,
)
from tests.exactly_once.pool import KILLED, Kill
from tests.support.fault_proxy import Aim, Fault
from tests.support.proofs import sample, trials
from tests.support.sites import RunningSite

# What workers ask while they fetch and apply, as the proxies name it.
REQUESTS = [
    *("list", "read", "runs/log-batch", "runs/delete-tag", "runs/create", "runs/update", "runs/outputs"),
    *("mlflow/logged-models", "artifacts/notes.txt", "artifacts/large.bin"),
]
FAULTS = (Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.GATEWAY_PAGE, Fault.KILL_BEFORE, Fault.KILL_AFTER)


@pytest.fixture(params=["sandbox", pytest.param("unicorex", marks=pytest.mark.unicorex)])
def site(request: pytest.FixtureRequest) -> RunningSite:
    found: RunningSite = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def stage(stage_at: StageMaker, site: RunningSite) -> Stage:
    return stage_at(site)


@pytest.fixture
def run(stage: Stage, site: RunningSite) -> Run:
    run = finished(stage)
    log_everything(run, folder_of(run, site))
    return run


def kills(most: int) -> Iterator[Kill]:
    """At the first, second, third ... write and commit of a turn, again and again: so each turn may get further."""
    return cycle(
        Kill(at, nth, after=after)
        for nth in range(1, most + 1)
        for at in ("write", "commit")
        for after in (False, True)
    )


@pytest.mark.parametrize("trial", range(trials(1, 12)))
def test_a_worker_killed_at_one_write_or_commit_after_the_other(stage: Stage, run: Run, trial: int) -> None:
    killing = kills(9)
    for _ in range(trial):
        next(killing)
    until_home(stage, run, lambda: next(killing))
    assert_all_is_there_once(stage, run)


AIMS = [Aim(label, fault) for label in REQUESTS for fault in FAULTS]


@pytest.mark.parametrize("aim", sample(AIMS, one_in=14), ids=lambda aim: f"{aim.label}-{aim.fault}")
def test_a_request_that_is_lost_or_kills_the_worker(stage: Stage, run: Run, aim: Aim) -> None:
    proxy = aim_at(stage, aim)
    until_home(stage, run)
    assert proxy.hit.is_set()
    assert_all_is_there_once(stage, run)


def test_without_any_trouble_it_takes_a_few_turns(stage: Stage, run: Run) -> None:
    assert carry(stage, run) != KILLED
    until_home(stage, run)
    assert_all_is_there_once(stage, run)
