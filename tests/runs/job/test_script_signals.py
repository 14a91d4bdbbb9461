from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from tests.runs.job.conftest import JobMaker
from tests.runs.job.jobs import Job, read_until, stop

POLITE = "trap 'echo saving; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
TWICE_AT_ONCE = 500
AFTER = {"PostRunCommandOnComputeNode": "echo after"}


def stop_when(job: Job, line: str) -> tuple[int, list[str]]:
    """Exit code and the rest of the log, if the site stops the job once this line is there."""
    job.lay_out()
    with job.process() as process:
        assert process.stdout
        read_until(process.stdout, line)
        stop(process)
        rest = process.stdout.read().splitlines()
    return process.returncode, rest


def test_it_passes_the_sites_wish_to_stop_on_to_the_training(make_job: JobMaker) -> None:
    code, rest = stop_when(make_job(command=POLITE, environment=AFTER), "ready")
    assert code == 9
    assert rest[0] == "[mantik] the job was asked to stop (signal 15); passing that on to the training"
    assert rest.index("saving") < rest.index("after")
    assert rest[-1].startswith("[mantik] finished with exit code 9 after ")


def test_it_passes_it_on_to_everything_the_training_started(make_job: JobMaker) -> None:
    child = "bash -c \"trap 'echo child saves; exit' TERM; echo ready; while :; do sleep 0.05; done\""
    code, rest = stop_when(make_job(command=f"{child} & wait"), "ready")
    assert code == 143
    assert "child saves" in rest


def test_it_waits_for_a_training_that_takes_its_time(make_job: JobMaker) -> None:
    slow = "trap 'sleep 0.3; echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    code, rest = stop_when(make_job(command=slow, environment=AFTER), "ready")
    assert (code, "saved" in rest, "after" in rest) == (0, True, True)


def test_it_waits_for_a_training_however_often_it_is_asked(make_job: JobMaker) -> None:
    job = make_job(command="trap : TERM; echo ready; while [ ! -e ../go ]; do sleep 0.05; done; exit 7")
    job.lay_out()
    with job.process() as process, ThreadPoolExecutor() as pool:
        assert process.stdout
        read_until(process.stdout, "ready")
        log = pool.submit(process.stdout.read)
        for _ in range(TWICE_AT_ONCE):
            stop(process)
            # The second finds bash between two commands, at a place that is another one each time.
            sleep(random.uniform(0, 0.002))
            stop(process)
            sleep(0.004)
        (job.folder / "go").touch()
        rest = log.result().splitlines()
    assert process.returncode == 7
    assert rest[-1].startswith("[mantik] finished with exit code 7 after ")


def test_it_does_not_start_the_training_if_it_is_stopped_before(make_job: JobMaker) -> None:
    waiting = {"PreRunCommandOnComputeNode": "echo ready; while [ ! -e go ]; do sleep 0.05; done", **AFTER}
    job = make_job(environment=waiting)
    job.lay_out()
    with job.process() as process:
        assert process.stdout
        read_until(process.stdout, "ready")
        stop(process)
        # Bash hears a signal when the command it waits for has ended.
        (job.code / "go").touch()
        rest = process.stdout.read().splitlines()
    assert process.returncode == 143
    said = "[mantik] the job was asked to stop (signal 15), because it reached its time limit or "
    assert [line for line in rest if line.startswith(said)]
    assert ("training" in rest, "after" in rest) == (False, True)


def test_it_lets_the_commands_afterwards_finish(make_job: JobMaker) -> None:
    slow = {"PostRunCommandOnComputeNode": "echo ready; while [ ! -e ../go ]; do sleep 0.05; done; echo after"}
    job = make_job(command="exit 6", environment=slow)
    job.lay_out()
    with job.process() as process:
        assert process.stdout
        read_until(process.stdout, "ready")
        stop(process)
        (job.folder / "go").touch()
        rest = process.stdout.read().splitlines()
    assert (process.returncode, "after" in rest) == (6, True)
