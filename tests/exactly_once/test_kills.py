"""A worker that is killed at any line leaves one started job, and a run that somebody finishes."""

from __future__ import annotations

import pytest

from tests.exactly_once.conftest import Stage, aim_at, assert_exactly_once
from tests.exactly_once.pool import KILLED, Kill
from tests.support.fault_proxy import Aim, Fault
from tests.support.proofs import sample, trials

HOW = {"inline": {}, "upload": {"MANTIK_SUBMIT_INLINE_BYTES": 0}}
# What a submission without any trouble writes and commits; the first test counts them.
BOUNDARIES = {"inline": {"write": 13, "commit": 5}, "upload": {"write": 14, "commit": 6}}
REQUESTS = {
    "inline": ["submit", "start", "experiments/get-by-name", "experiments/create", "runs/create"],
    "upload": ["directory", "upload", "submit", "start"],
}
KILLS = [
    pytest.param(how, Kill(kind, nth, after=after), id=f"{how}-{Kill(kind, nth, after=after)}")
    for how, counts in BOUNDARIES.items()
    for kind, count in counts.items()
    for nth in range(1, count + 1)
    for after in (False, True)
]
KILLS_ON_THE_WAY = [
    pytest.param(how, Aim(label, fault), id=f"{how}-{label}-{fault}")
    for how, labels in REQUESTS.items()
    for label in labels
    for fault in (Fault.KILL_BEFORE, Fault.KILL_AFTER)
]


@pytest.mark.parametrize("how", HOW)
def test_the_boundaries_that_are_tried_are_all_there_are(stage: Stage, how: str) -> None:
    stage.settings = HOW[how]
    run = stage.world.start_run()

    turn = stage.turn(run)

    assert (turn.status, run.waiting_for) == (0, "")
    assert dict(turn.boundaries) == BOUNDARIES[how]
    assert set(REQUESTS[how]) <= {*stage.site_proxy.seen, *stage.mlflow_proxy.seen}


@pytest.mark.parametrize(("how", "kill"), sample(KILLS, one_in=7))
def test_a_worker_killed_at_a_write_or_a_commit(stage: Stage, how: str, kill: Kill) -> None:
    stage.settings = HOW[how]
    run = stage.world.start_run()

    assert stage.turn(run, kill=kill).status == KILLED
    # Never a POST whose token nobody knows.
    assert run.tokens.exists() == (run.posted_at is not None)
    stage.until_handed_over(run)
    stage.until_over(run)

    assert_exactly_once(stage, run)


@pytest.mark.parametrize(("how", "aim"), sample(KILLS_ON_THE_WAY, one_in=7))
def test_a_worker_killed_around_a_request(stage: Stage, how: str, aim: Aim) -> None:
    stage.settings = HOW[how]
    run = stage.world.start_run()
    proxy = aim_at(stage, aim)

    assert stage.turn(run).status == KILLED
    assert proxy.hit.is_set()
    stage.until_handed_over(run)
    stage.until_over(run)

    assert_exactly_once(stage, run)


@pytest.mark.parametrize("trial", range(trials(1, 5)))
def test_workers_killed_again_and_again(stage: Stage, trial: int) -> None:
    run = stage.world.start_run()

    for nth in range(1, 12):
        for after in (False, True):
            stage.turn(run, kill=Kill("write", nth, after=after))
    stage.until_handed_over(run)
    stage.until_over(run)

    assert_exactly_once(stage, run)
