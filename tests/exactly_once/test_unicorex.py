"""The same at the real UNICORE/X: what the sandbox promises is not taken on its word."""

from __future__ import annotations

import pytest

from tests.exactly_once.conftest import Stage, StageMaker, aim_at, assert_exactly_once
from tests.exactly_once.pool import KILLED, Kill
from tests.support.fault_proxy import Aim, Fault
from tests.support.proofs import sample
from tests.support.sites import RunningSite

pytestmark = pytest.mark.unicorex

KILLS_ON_THE_WAY = (Fault.KILL_BEFORE, Fault.KILL_AFTER)
AIMS = [
    pytest.param(inline_bytes, Aim(label, fault), id=f"{label}-{fault}")
    for label, inline_bytes, faults in (
        ("submit", 512 * 1024, list(Fault)),
        ("start", 512 * 1024, list(Fault)),
        ("upload", 0, [*KILLS_ON_THE_WAY, Fault.LOSE_ANSWER]),
    )
    for fault in faults
]


@pytest.fixture
def stage(stage_at: StageMaker, unicorex: RunningSite) -> Stage:
    return stage_at(unicorex)


@pytest.mark.parametrize(("inline_bytes", "aim"), sample(AIMS, one_in=3))
def test_a_fault_around_a_request(stage: Stage, inline_bytes: int, aim: Aim) -> None:
    stage.settings = {"MANTIK_SUBMIT_INLINE_BYTES": inline_bytes}
    run = stage.world.start_run()
    proxy = aim_at(stage, aim)

    turn = stage.turn(run)

    assert turn.status == (KILLED if aim.fault in KILLS_ON_THE_WAY else 0)
    assert proxy.hit.is_set()
    stage.until_handed_over(run)
    assert proxy.settled(timeout=10)
    stage.until_over(run)
    assert_exactly_once(stage, run)


# Around the commits of "a POST may be under way", the job's URL, "a start may be under way" and the move to QUEUED.
WRITES = [(nth, after) for nth in (6, 7, 9, 10) for after in (False, True)]


@pytest.mark.parametrize(("nth", "after"), sample(WRITES, one_in=3))
def test_a_worker_killed_at_a_write(stage: Stage, nth: int, after: bool) -> None:
    run = stage.world.start_run()

    assert stage.turn(run, kill=Kill("write", nth, after=after)).status == KILLED
    stage.until_handed_over(run)
    stage.until_over(run)

    assert_exactly_once(stage, run)
