"""Relays of a job that has several nodes, which reach each other and nothing else.

That no rank waits for a relay that is not there is counted: where nobody listens, a connection is refused, and a client
that would ask again is told not to.
"""

from __future__ import annotations

import errno
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runs.job import layout
from tests.runs.job.jobs import Job, Outcome, stop
from tests.runs.job.test_script_relay import (
    FILES,
    SECRETS,
    STRAIGHT,
    assert_ended_well,
    entries,
    logged,
    relays_of,
    seed,
    steps_of,
    train,
)
from tests.support.cluster import Node, cluster
from tests.support.waiting import wait_until

NUMBERS = (1, 2, 3)
ON_EACH = "the training logs to a relay on each of its 3 nodes; Mantik fetches from there what is logged"
# A client that is refused once ends with an error.
NEVER_AGAIN = {"Variables": {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": 0}}


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with cluster(len(NUMBERS)) as made:
        yield made


@pytest.fixture
def job(tmp_path: Path, nodes: list[Node]) -> Job:
    """A job of Slurm, whose script runs on the first of its three nodes."""
    folder = tmp_path / "job"
    folder.mkdir()
    image = tmp_path / "train.sif"
    image.touch()
    return Job(
        folder,
        environment=NEVER_AGAIN,
        files=FILES,
        secrets=SECRETS,
        seed=seed(platform=STRAIGHT),
        resources={"Nodes": 3},
        node={"SLURM_JOB_ID": "1", "SLURM_JOB_NUM_NODES": "3", "SLURM_JOB_NODELIST": "node[1-3]"},
        tools={"srun": srun(nodes), "scontrol": "printf 'node%s\\n' 1 2 3", "apptainer": 'shift 2; exec "$@"'},
        within=nodes[0].within,
    )


def in_image(job: Job) -> Job:
    """Mantik starts its training on each node."""
    image = {"Path": str(job.folder.parent / "train.sif"), "Type": "remote"}
    job.environment = {**job.environment, "Apptainer": image}
    return job


def srun(nodes: list[Node]) -> str:
    """Starts one task on each node, passes SIGTERM on, and ends with the highest exit code."""
    starts = "\n".join(f'SLURM_PROCID={node.number - 1} {shlex.join(node.within)} "$@" & tasks+=($!)' for node in nodes)
    return f"""while [[ $1 == --* ]]; do shift; done
tasks=()
trap 'kill -TERM "${{tasks[@]}}"; asked=yes' TERM
{starts}
code=0
for task in "${{tasks[@]}}"; do
  # As mantik_train does: of two signals at once bash may answer the second with a wait that ends at once.
  before=
  while asked=; wait "$task"; found=$?; [ -n "$asked" ] || [ "$found" -gt 128 -a "$found" != "$before" ]; do
    before=$found
  done
  [ "$found" -le "$code" ] || code=$found
done
exit "$code"
"""


def for_all(address: str) -> str:
    return f"the training logs to the relay on {address}, for all 3 nodes; Mantik fetches from here what is logged"


@pytest.fixture
def nobody_was_refused(nodes: list[Node]) -> Iterator[None]:
    """Each node asks for connections, and gets them at the first attempt."""
    before = [node.connections for node in nodes]
    yield
    after = [node.connections for node in nodes]
    assert [now.refused - then.refused for now, then in zip(after, before, strict=True)] == [0, 0, 0]
    assert all(now.asked > then.asked for now, then in zip(after, before, strict=True))


def test_a_connection_that_is_refused_is_counted(nodes: list[Node]) -> None:
    before = nodes[1].connections
    connect = f"import socket; print(socket.socket().connect_ex(({nodes[0].address!r}, 9)))"
    told = subprocess.check_output([*nodes[1].within, sys.executable, "-c", connect], text=True)
    assert int(told) == errno.ECONNREFUSED
    assert nodes[1].connections == (before.asked + 1, before.refused + 1)


# Where Mantik starts the tasks


@pytest.mark.usefixtures("nobody_was_refused")
def test_each_node_has_a_relay_where_mantik_starts_the_tasks(job: Job) -> None:
    in_image(job).command = "python3 log.py loss"
    outcome = job.run()
    assert (outcome.code, outcome.way()) == (0, ON_EACH), outcome.log
    for number in NUMBERS:
        assert logged(job, f"journal-node{number}-1") == {"loss"}
        assert_ended_well(job, outcome, f"journal-node{number}-1")


@pytest.mark.usefixtures("nobody_was_refused")
def test_unmodified_clients_on_each_node_lose_nothing(job: Job) -> None:
    in_image(job).command = train(20)
    outcome = job.run()
    assert outcome.code == 0, outcome.log
    for number in NUMBERS:
        assert steps_of(entries(job, f"journal-node{number}-1")) == list(range(20))


def test_relays_that_are_killed_on_their_nodes_are_started_again_and_nothing_is_lost(job: Job) -> None:
    job.environment = {}
    in_image(job).command = train(40, 0.05)
    job.lay_out()
    journals = [f"journal-node{number}-1" for number in NUMBERS]
    with job.process() as process:
        wait_until(lambda: all(has_begun(job, journal) for journal in journals))
        for relay in relays_of(job):
            os.kill(relay, signal.SIGKILL)
        log, _ = process.communicate()
    assert process.returncode == 0, log
    assert log.count("the relay ended with exit code 137 and is started again") == 3
    for journal in journals:
        assert steps_of(entries(job, journal)) == list(range(40))


def has_begun(job: Job, journal: str) -> bool:
    return (job.folder / layout.TRACKING / journal).exists() and len(steps_of(entries(job, journal))) > 5


def test_ranks_that_are_asked_to_stop_log_to_their_end(job: Job) -> None:
    in_image(
        job
    ).command = "trap 'python3 log.py last; exit 9' TERM; touch go$SLURM_PROCID; while :; do sleep 0.05; done"
    job.lay_out()
    with job.process() as process:
        wait_until(lambda: all((job.code / f"go{rank}").exists() for rank in range(3)))
        stop(process)
        log, _ = process.communicate()
    outcome = Outcome(process.returncode, log)
    assert outcome.code == 9, outcome.log
    assert log.count("asked to stop") == 1
    for number in NUMBERS:
        assert logged(job, f"journal-node{number}-1") == {"last"}
        assert_ended_well(job, outcome, f"journal-node{number}-1")


def test_what_srun_starts_ends_with_the_code_of_the_training(job: Job) -> None:
    in_image(job).command = "exit $((SLURM_PROCID + 3))"
    assert job.run().code == 5


def test_the_task_has_no_secret(job: Job) -> None:
    in_image(job).run()
    text = (job.folder / layout.RELAY).with_name("task.sh").read_text()
    assert "the-run-token" not in text


# Where the command starts them


@pytest.mark.usefixtures("nobody_was_refused")
def test_all_nodes_reach_the_first_where_the_command_starts_the_tasks(job: Job, nodes: list[Node]) -> None:
    job.command = "srun bash -c 'python3 log.py rank$SLURM_PROCID'"
    outcome = job.run()
    assert (outcome.code, outcome.way()) == (0, for_all(nodes[0].address)), outcome.log
    assert logged(job) == {"rank0", "rank1", "rank2"}
    assert_ended_well(job, outcome)


@pytest.mark.usefixtures("nobody_was_refused")
def test_unmodified_clients_that_the_command_starts_lose_nothing(job: Job) -> None:
    job.command = f"srun {train(20)}"
    outcome = job.run()
    assert outcome.code == 0, outcome.log
    # The three log the same steps at other times.
    assert sorted(steps_of(entries(job))) == sorted([*range(20)] * 3)


@pytest.mark.usefixtures("nobody_was_refused")
def test_a_config_that_decides_how_many_tasks_run_has_one_relay_for_all(job: Job) -> None:
    job.environment = {"Variables": {"SLURM_NTASKS_PER_NODE": 1}}
    in_image(job).command = "python3 log.py rank$SLURM_PROCID"
    outcome = job.run()
    assert outcome.code == 0, outcome.log
    assert logged(job) == {"rank0", "rank1", "rank2"}


def test_it_takes_nothing_from_who_does_not_know_the_secret(job: Job) -> None:
    """Other jobs reach the first node as well."""
    job.command = (
        'MLFLOW_TRACKING_URI=${MLFLOW_TRACKING_URI%/*}/guessed-by-somebody; srun bash -c "python3 log.py loss"'
    )
    outcome = job.run()
    assert outcome.code != 0
    assert outcome.log.count("HTTP Error 403") == 3
    assert logged(job) == set()


# Once more


def started_by_mantik(job: Job) -> list[str]:
    in_image(job).command = "python3 log.py loss"
    return [f"journal-node{number}" for number in NUMBERS]


def started_by_the_command(job: Job) -> list[str]:
    job.command = "srun python3 log.py loss"
    return ["journal"]


@pytest.mark.usefixtures("nobody_was_refused")
@pytest.mark.parametrize("starting", [started_by_mantik, started_by_the_command])
def test_a_job_that_is_started_again_on_its_nodes_goes_on_in_other_journals(
    job: Job, nodes: list[Node], starting: Callable[[Job], list[str]]
) -> None:
    journals = starting(job)
    job.run()
    # Another one is the first now.
    job.within = nodes[1].within
    outcome = job.start_again()
    assert outcome.code == 0, outcome.log
    assert outcome.way() in (ON_EACH, for_all(nodes[1].address))
    for journal in journals:
        assert logged(job, f"{journal}-1") == logged(job, f"{journal}-2") == {"loss"}
        assert_ended_well(job, outcome, f"{journal}-2")
