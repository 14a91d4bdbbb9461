"""The relay beside a training, as the job's script starts and ends it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from runs.following.blanked_tokens import blank_tokens
from runs.job import layout, relay_seed
from tests.runs.job.conftest import JobMaker
from tests.runs.job.jobs import Job, Outcome, read_until, stop
from tests.runs.job.relay.relays import read_entries
from tests.support.waiting import wait_until

RUN_ID, EXPERIMENT_ID = "ab" * 16, "7"
STRAIGHT = "https://mantik.example.org/tracking"
SECRETS = {
    "MLFLOW_TRACKING_URI": STRAIGHT,
    "MLFLOW_TRACKING_TOKEN": "the-run-token",
    "MLFLOW_RUN_ID": RUN_ID,
    "MLFLOW_EXPERIMENT_ID": EXPERIMENT_ID,
}
ON_THIS_NODE = "the training logs to the relay on this node; Mantik fetches from here what is logged"
# Unmodified: as it would log to any server.
TRAIN = """
import mlflow, os, sys, time
# What two log as the same at the same time is one point: so MLflow keeps it.
rank = int(os.environ.get("SLURM_PROCID", 0))
with mlflow.start_run():
    mlflow.log_param("epochs", 3)
    print("ready", flush=True)
    for step in range(int(sys.argv[1])):
        mlflow.log_metric("loss", rank + 1 / (step + 1), step=step)
        time.sleep(float(sys.argv[2]))
"""
HINDERED = """
import mlflow, os, sys
with mlflow.start_run():
    mlflow.log_metric("loss", 1.0, step=0)
    with open("small.bin", "wb") as file:
        file.write(os.urandom(300_000))
    mlflow.log_artifact("small.bin")
    for step in range(1, int(sys.argv[1])):
        mlflow.log_metric("loss", 1.0, step=step)
        mlflow.log_dict({"step": step}, f"{step}.json")
print("trained to its end")
"""
# Logs one point without MLflow, which takes seconds to import.
LOG = """
import json, os, sys, urllib.request
body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "key": sys.argv[1], "value": 1, "timestamp": 1, "step": 0})
url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
urllib.request.urlopen(urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})).read()
"""
FILES = {"train.py": TRAIN, "log.py": LOG}


def seed(**changes: Any) -> str:
    usual: dict[str, Any] = {
        "run_id": RUN_ID,
        "run_name": "wine quality",
        "user": "ada",
        "experiment_id": EXPERIMENT_ID,
        "experiment_name": "wine/baseline",
        "token": "the-run-token",
        "journal_bytes": 2**30,
        "file_bytes": None,
        "sample": False,
    }
    return relay_seed(**usual | changes)


@pytest.fixture
def job(make_job: JobMaker) -> Job:
    return make_job(command="python3 log.py loss", files=FILES, secrets=SECRETS, seed=seed())


def train(steps: int, pause: float = 0) -> str:
    return f"{shlex.quote(sys.executable)} train.py {steps} {pause}"


def entries(job: Job, journal: str = "journal-1") -> list[dict[str, Any]]:
    return list(read_entries(job.folder / layout.TRACKING / journal))


def steps_of(found: list[dict[str, Any]], key: str = "loss") -> list[int]:
    """Of all points of a metric, in their order. In the journal a step is the difference to the one before."""
    steps: list[int] = []
    for entry in found:
        if entry["k"] == "metrics" and key in entry["points"]:
            before = 0
            for difference in entry["points"][key][2]:
                before += difference
                steps.append(before)
    return steps


def logged(job: Job, journal: str = "journal-1") -> set[str]:
    """The metrics in the journal."""
    return {key for entry in entries(job, journal) if entry["k"] == "metrics" for key in entry["points"]}


def relays_of(job: Job) -> list[int]:
    """Ids of the job's processes that are relays."""
    folder = str(job.folder / layout.TRACKING).encode()
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if folder in words and b"--journal" in words:
            found.append(int(place.parent.name))
    return found


def assert_ended_well(job: Job, outcome: Outcome, journal: str = "journal-1") -> None:
    last = entries(job, journal)[-1]
    assert (last["k"], last["why"], last["clean"]) == ("end", "stdin", True)
    assert relays_of(job) == []
    assert json.loads((job.folder / layout.SEED).read_text())["secret"] not in outcome.log


def test_an_unmodified_training_logs_to_it(job: Job) -> None:
    job.command = train(5)
    outcome = job.run()
    assert (outcome.code, outcome.way()) == (0, ON_THIS_NODE), outcome.log
    found = entries(job)
    assert steps_of(found) == [0, 1, 2, 3, 4]
    assert [entry["params"] for entry in found if entry["k"] == "params"] == [{"epochs": "3"}]
    assert [entry["status"] for entry in found if entry["k"] == "update"][-1] == "FINISHED"
    assert_ended_well(job, outcome)


def test_only_its_owner_may_read_what_it_begins_with(job: Job) -> None:
    job.run()
    assert (job.folder / layout.SEED).stat().st_mode & 0o777 == 0o600


def test_a_training_that_fails_keeps_its_exit_code(job: Job) -> None:
    job.command += "; exit 7"
    outcome = job.run()
    assert (outcome.code, logged(job)) == (7, {"loss"})
    assert_ended_well(job, outcome)


def test_it_ends_after_the_commands_that_come_after_the_training(job: Job) -> None:
    job.environment = {"PostRunCommandOnComputeNode": "python3 log.py after"}
    outcome = job.run()
    assert logged(job) == {"loss", "after"}
    assert_ended_well(job, outcome)
    assert outcome.lines[-1].startswith("[mantik] finished with exit code 0 after ")


def test_its_secret_is_blanked_where_a_client_prints_the_address(job: Job) -> None:
    """Clients before 3 do, at the end of a run."""
    job.command = 'echo "View run at: $MLFLOW_TRACKING_URI/#/experiments/7"'
    secret = json.loads(str(job.seed))["secret"]
    log = job.run().log
    assert secret in log
    assert secret.rpartition("_")[2] not in blank_tokens(log.encode()).decode()


def test_its_secret_is_not_in_a_log_that_shows_each_command(job: Job) -> None:
    job.environment = {"PreRunCommandOnComputeNode": "set -x", "PostRunCommandOnComputeNode": "true"}
    outcome = job.run()
    assert logged(job) == {"loss"}
    assert "+ mantik_train bash -c" in outcome.log
    assert_ended_well(job, outcome)


# Signals and kills


def test_one_that_is_killed_is_started_again_and_nothing_is_lost(job: Job) -> None:
    job.command = train(60, 0.05)
    job.lay_out()
    with job.process() as process:
        assert process.stdout
        lines = read_until(process.stdout, "ready")
        wait_until(lambda: len(steps_of(entries(job))) > 10)
        for relay in relays_of(job):
            os.kill(relay, signal.SIGKILL)
        lines += process.stdout.read().splitlines()
    outcome = Outcome(process.wait(), "\n".join(lines))
    assert outcome.code == 0, outcome.log
    assert steps_of(entries(job)) == list(range(60))
    assert [line for line in lines if line.startswith("[mantik] the relay ended with exit code 137")] == [
        "[mantik] the relay ended with exit code 137 and is started again"
    ]
    assert not [line for line in lines if "Killed" in line]
    assert_ended_well(job, outcome)


@pytest.mark.parametrize("who", ["the script", "everybody"])
def test_a_training_that_is_asked_to_stop_logs_to_its_end(job: Job, who: str) -> None:
    job.command = "trap 'sleep 0.5; python3 log.py last; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
    job.environment = {"PostRunCommandOnComputeNode": "python3 log.py after"}
    job.lay_out()
    with job.process() as process:
        assert process.stdout
        lines = read_until(process.stdout, "ready")
        if who == "everybody":
            for relay in relays_of(job):
                os.kill(relay, signal.SIGTERM)
        stop(process)
        lines += process.stdout.read().splitlines()
    outcome = Outcome(process.wait(), "\n".join(lines))
    assert (outcome.code, logged(job)) == (9, {"last", "after"})
    assert_ended_well(job, outcome)


def test_one_that_is_asked_twice_goes_on_until_the_training_is_over(job: Job) -> None:
    job.command = "echo ready; while [ ! -e go ]; do sleep 0.05; done; python3 log.py last"
    job.lay_out()
    with job.process() as process:
        assert process.stdout
        lines = read_until(process.stdout, "ready")
        (relay,) = relays_of(job)
        wait_until(lambda: is_over_when_asked(relay))
        wait_until(lambda: relays_of(job) not in ([], [relay]))
        wait_until(lambda: [entry["k"] for entry in entries(job)].count("start") == 2)
        (job.code / "go").touch()
        lines += process.stdout.read().splitlines()
    outcome = Outcome(process.wait(), "\n".join(lines))
    assert (outcome.code, logged(job)) == (0, {"last"})
    assert_ended_well(job, outcome)


def is_over_when_asked(relay: int) -> bool:
    """Asks it once more: of two signals that come at once, a process may see one."""
    try:
        os.kill(relay, signal.SIGTERM)
    except ProcessLookupError:
        return True
    return False


def test_it_ends_if_the_script_is_killed(job: Job) -> None:
    job.command = "echo ready; sleep 20 > /dev/null 2>&1"
    job.lay_out()
    with job.process() as process:
        assert process.stdout
        read_until(process.stdout, "ready")
        process.kill()
        wait_until(lambda: not relays_of(job))
    assert entries(job)[-1]["why"] == "stdin"


@pytest.mark.parametrize("left", ["sleep 30", "(sleep 30; :)", "stay() { sleep 30; :; }; stay"])
@pytest.mark.parametrize("where", ["training", "after"])
def test_nothing_that_is_left_behind_holds_it_up(job: Job, left: str, where: str) -> None:
    behind = f"{left} > /dev/null 2>&1 & python3 log.py {where}"
    if where == "training":
        job.command = behind
    else:
        job.environment = {"PostRunCommandOnComputeNode": behind}
    outcome = job.run()
    took = int(outcome.lines[-1].rsplit(" ", 2)[1])
    assert (outcome.code, took < 10, where in logged(job)) == (0, True, True)
    assert_ended_well(job, outcome)


def test_a_file_system_that_hangs_ends_no_training(job: Job) -> None:
    """What is written beside it hangs for good: a FIFO that nobody reads."""
    folder = job.folder / layout.TRACKING
    folder.mkdir(parents=True)
    os.mkfifo(folder / "journal-1.pack")
    job.files = {"train.py": HINDERED}
    job.command = train(20)
    outcome = job.run()
    assert outcome.code == 0, outcome.log
    assert "trained to its end" in outcome.log
    assert "[mantik] relay: could not write everything" in outcome.log
    assert steps_of(entries(job)) == [0]
    assert relays_of(job) == []


def test_a_job_that_is_started_again_has_another_journal(job: Job) -> None:
    job.run()
    outcome = job.start_again()
    assert outcome.code == 0
    assert logged(job, "journal-1") == logged(job, "journal-2") == {"loss"}
    assert_ended_well(job, outcome, "journal-2")


# Ways without it


def test_there_is_none_if_the_training_is_not_started(job: Job) -> None:
    job.environment = {"PreRunCommandOnComputeNode": "(exit 5)"}
    outcome = job.run()
    assert outcome.code == 5
    assert not [line for line in outcome.lines if "relay" in line]
    assert not (job.folder / layout.TRACKING / "journal-1").exists()


@pytest.fixture
def path_without_python(tmp_path: Path) -> str:
    """A PATH with all that a node has but Python."""
    place = tmp_path / "no-python"
    place.mkdir()
    for folder in ("/bin", "/usr/bin"):
        for tool in Path(folder).iterdir():
            link = place / tool.name
            if not tool.name.startswith("python") and not link.is_symlink():
                link.symlink_to(tool)
    return str(place)


def test_without_python_the_training_logs_straight(job: Job, path_without_python: str) -> None:
    job.command = 'echo "$MLFLOW_TRACKING_URI"'
    job.node = {"PATH": path_without_python}
    outcome = job.run()
    assert outcome.way() == f"the training logs straight to {STRAIGHT}: this node has no Python 3.6"
    assert (outcome.code, STRAIGHT in outcome.lines) == (0, True)


def test_it_takes_the_first_python_that_is_new_enough(job: Job, path_without_python: str) -> None:
    job.command = 'echo "$MLFLOW_TRACKING_URI"'
    job.node = {"PATH": f"{job.folder.parent / 'job-bin'}:{path_without_python}"}
    job.tools = {"python3": "exit 1", "python": f'exec {shlex.quote(sys.executable)} "$@"'}
    assert job.run().way() == ON_THIS_NODE


def test_one_that_does_not_start_changes_nothing_else(job: Job) -> None:
    job.seed = "{}"
    job.command = 'echo "$MLFLOW_TRACKING_URI"; exit 4'
    outcome = job.run()
    assert outcome.way() == f"the training logs straight to {STRAIGHT}: the relay did not start"
    assert any(line.startswith("[mantik] relay: cannot start: seed.json is not complete") for line in outcome.lines)
    assert (outcome.code, STRAIGHT in outcome.lines) == (4, True)


def test_the_config_can_do_without_it(job: Job) -> None:
    job.tracking = {"Relay": False}
    job.command = 'echo "$MLFLOW_TRACKING_URI"'
    outcome = job.run()
    assert outcome.way() == f"the training logs straight to {STRAIGHT}: the config has Relay: false"
    assert STRAIGHT in outcome.lines


def test_operators_can_do_without_it(make_job: JobMaker) -> None:
    outcome = make_job(secrets=SECRETS).run()
    assert outcome.way().endswith("the operators of Mantik have switched the relay off")


def test_a_command_of_the_config_may_have_the_training_log_elsewhere(job: Job) -> None:
    job.environment = {"PreRunCommandOnComputeNode": "export MLFLOW_TRACKING_URI=https://other.example.org"}
    job.command = 'echo "$MLFLOW_TRACKING_URI"'
    outcome = job.run()
    assert "https://other.example.org" in outcome.lines
    assert outcome.way() == (
        "a command of the config has set MLFLOW_TRACKING_URI: nothing that is logged there reaches Mantik"
    )


# What the training finds


def seen(job: Job, *names: str) -> dict[str, str]:
    dump = f"import json, os; print('DUMP', json.dumps({{name: os.environ.get(name, '') for name in {names!r}}}))"
    job.command = f"python3 -c {shlex.quote(dump)}"
    outcome = job.run()
    (line,) = [line for line in outcome.lines if line.startswith("DUMP ")]
    found: dict[str, str] = json.loads(line.removeprefix("DUMP "))
    return found


@pytest.mark.parametrize(
    ("node", "lower", "upper"),
    [
        ({}, "", ""),
        ({"no_proxy": ".site.de"}, ".site.de,", ".site.de,"),
        ({"NO_PROXY": ".site.de"}, ".site.de,", ".site.de,"),
        ({"no_proxy": ".site.de", "NO_PROXY": "10.0.0.1"}, ".site.de,", "10.0.0.1,"),
    ],
)
def test_no_proxy_stands_between(job: Job, node: dict[str, str], lower: str, upper: str) -> None:
    job.node = {"http_proxy": "http://127.0.0.1:9", **node}
    own = "127.0.0.1,localhost"
    assert seen(job, "no_proxy", "NO_PROXY") == {"no_proxy": lower + own, "NO_PROXY": upper + own}


def test_no_proxy_for_anything_stays_so(job: Job) -> None:
    job.node = {"no_proxy": "*"}
    assert seen(job, "no_proxy", "NO_PROXY") == {"no_proxy": "*", "NO_PROXY": "*"}


def test_what_would_lead_the_client_elsewhere_is_gone(job: Job) -> None:
    names = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_WORKSPACE", "MLFLOW_REGISTRY_URI")
    job.node = dict.fromkeys(names, "x")
    assert seen(job, *names) == dict.fromkeys(names, "")


def test_an_image_that_sees_nothing_of_the_node_sees_the_relay(job: Job) -> None:
    names = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "no_proxy")
    found = seen(job, *names, *(f"APPTAINERENV_{name}" for name in names))
    assert {name: found[name] for name in names} == {name: found[f"APPTAINERENV_{name}"] for name in names}
    secret = json.loads((job.folder / layout.SEED).read_text())["secret"]
    port = (job.folder / layout.TRACKING / "journal-1.port").read_text().strip()
    assert found["MLFLOW_TRACKING_URI"] == f"http://127.0.0.1:{port}/{secret}"
