"""Requests and answers that get lost, come late, or are spoilt by what stands in between."""

from __future__ import annotations

import pytest

from runs.states import RunState
from tests.exactly_once.conftest import Stage, aim_at, assert_exactly_once, mlflow_runs_of
from tests.support.fault_proxy import Aim, Fault
from tests.support.proofs import sample

pytestmark = pytest.mark.any_database

HOW = {"inline": {}, "upload": {"MANTIK_SUBMIT_INLINE_BYTES": 0}}
LOSSES = (Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.ARRIVE_LATE, Fault.ANSWER_LATE, Fault.GATEWAY_PAGE)
AT_THE_SITE = [
    pytest.param(how, Aim(label, fault), id=f"{how}-{label}-{fault}")
    for how, labels in {"inline": ["submit", "start"], "upload": ["submit", "directory", "upload", "start"]}.items()
    for label in labels
    for fault in LOSSES
]


@pytest.mark.parametrize(("how", "aim"), sample(AT_THE_SITE, one_in=9))
def test_a_request_or_answer_lost_on_the_way_to_the_site(stage: Stage, how: str, aim: Aim) -> None:
    stage.settings = HOW[how]
    run = stage.world.start_run()
    proxy = aim_at(stage, aim)

    assert stage.turn(run).status == 0
    assert proxy.hit.is_set()
    stage.until_handed_over(run)
    # A late request arrives only now.
    assert proxy.settled(timeout=10)
    stage.until_over(run)

    assert_exactly_once(stage, run)


@pytest.mark.parametrize("fault", [Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.GATEWAY_PAGE], ids=str)
@pytest.mark.parametrize("label", ["experiments/get-by-name", "experiments/create", "runs/create"])
def test_a_request_or_answer_lost_on_the_way_to_mlflow(stage: Stage, label: str, fault: Fault) -> None:
    run = stage.world.start_run()
    proxy = aim_at(stage, Aim(label, fault))

    assert stage.turn(run).status == 0
    assert proxy.hit.is_set()
    stage.until_handed_over(run)
    stage.until_over(run)

    assert_exactly_once(stage, run)


def test_nothing_is_sent_again_while_the_site_cannot_be_asked_for_the_job(stage: Stage) -> None:
    run = stage.world.start_run()
    stage.site_proxy.aim(Aim("submit", Fault.LOSE_ANSWER))
    stage.turn(run)
    stage.site_proxy.aim(Aim("find", Fault.GATEWAY_PAGE))

    stage.turn(run)

    assert stage.site_proxy.seen["submit"] == 0
    assert run.state == RunState.SUBMITTING
    assert "gateway" in run.waiting_for
    stage.until_handed_over(run)
    stage.until_over(run)
    assert_exactly_once(stage, run)


def test_a_job_that_arrived_too_late_is_removed_unstarted(stage: Stage) -> None:
    run = stage.world.start_run()
    stage.site_proxy.aim(Aim("submit", Fault.ARRIVE_LATE))
    stage.turn(run)

    stage.until_handed_over(run)
    assert stage.site_proxy.settled(timeout=10)
    assert len(stage.jobs_of(run)) == 2
    stage.until_over(run)

    assert_exactly_once(stage, run)


def test_a_job_that_arrives_before_anybody_looks_is_adopted(stage: Stage) -> None:
    run = stage.world.start_run()
    stage.site_proxy.aim(Aim("submit", Fault.ARRIVE_LATE))
    stage.turn(run)
    assert stage.site_proxy.settled(timeout=10)
    (job_url,) = stage.jobs_of(run)

    stage.until_handed_over(run)
    stage.until_over(run)

    assert run.job_url == job_url
    assert_exactly_once(stage, run)


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.ARRIVE_LATE, Fault.KILL_AFTER], ids=str)
@pytest.mark.parametrize("label", ["submit", "start"])
def test_a_run_cancelled_while_nobody_knows_leaves_no_job_running(stage: Stage, label: str, fault: Fault) -> None:
    run = stage.world.start_run(parameters={"seconds": "60"})
    stage.site_proxy.aim(Aim(label, fault))
    stage.turn(run)
    assert stage.site_proxy.settled(timeout=10)
    stage.cancel(run)

    stage.until_handed_over(run)
    stage.until_over(run)

    assert run.state == RunState.CANCELLED
    assert all(stage.site.status(job_url).state.is_over for job_url in stage.jobs_of(run))
    assert stage.world.starts_of(run) <= 1
    assert [info["status"] for info in mlflow_runs_of(run)] == ["KILLED"]
