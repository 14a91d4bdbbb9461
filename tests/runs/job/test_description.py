from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.backend_config import BackendConfig
from runs.job import JobRun, environment_file, job_description, layout, shareable
from tests.runs.job.jobs import RUN, SECRETS, config_of
from tests.runs.job.relay.relays import PROGRAM
from tests.support.examples import examples


def described(config: BackendConfig | None = None, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "run": RUN,
        "config": config or config_of(),
        "tags": ["mantik-1b2c", "mantik-at-3d4e"],
        "script": "#!/bin/bash\n",
        "environment": environment_file(SECRETS),
        "code_sha256": "ab" * 32,
        "code_base64": "H4sIAA==",
    }
    return job_description(**usual | changes)


def imports(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["To"]: item for item in description["Imports"]}


def test_it_charges_the_compute_budget_account() -> None:
    assert described()["Project"] == "demo"


def test_it_can_be_found_again_by_its_tags() -> None:
    assert described()["Tags"] == ["mantik-1b2c", "mantik-at-3d4e"]


def test_it_waits_for_its_start_however_the_code_is_sent() -> None:
    assert described()["haveClientStageIn"] == "true"
    assert described(code_base64=None)["haveClientStageIn"] == "true"


def test_it_runs_the_script_into_one_log() -> None:
    job = described()
    assert (job["Executable"], job["Arguments"]) == ("/bin/bash", ["mantik.sh"])
    assert job["Stdout"] == job["Stderr"] == "mantik.log"


def test_it_carries_script_secrets_and_code() -> None:
    assert {path: item["Data"] for path, item in imports(described()).items()} == {
        "mantik.sh": "#!/bin/bash\n",
        ".mantik/env": environment_file(SECRETS),
        ".mantik/code.sha256": "ab" * 32,
        ".mantik/code.tar.gz.b64": "H4sIAA==",
    }


def test_it_leaves_the_code_to_the_upload() -> None:
    assert layout.CODE_BASE64 not in imports(described(code_base64=None))


def test_it_carries_the_relay_if_the_job_has_one() -> None:
    found = imports(described(seed="{}"))
    assert found[layout.RELAY]["Data"] == PROGRAM.read_text()
    assert found[layout.SEED]["Data"] == "{}"
    assert not {layout.RELAY, layout.SEED} & imports(described()).keys()


def test_only_the_owner_of_the_job_may_read_the_secrets() -> None:
    found = imports(described(seed="{}"))
    secret = {path: item["Permissions"] for path, item in found.items() if "Permissions" in item}
    assert secret == {layout.ENVIRONMENT: "rw-------", layout.SEED: "rw-------"}


def test_it_has_secrets_nowhere_but_in_their_file() -> None:
    config = config_of({"Variables": {"LEVEL": "7"}, "PreRunCommandOnLoginNode": "date"})
    job = described(config, notification_url="https://mantik.example.org/n/1")
    assert "Environment" not in job
    del imports(job)[layout.ENVIRONMENT]["Data"]
    assert "s3cret" not in json.dumps(job)


def test_it_asks_for_what_the_config_says_in_seconds_and_bytes() -> None:
    config = config_of(
        Queue="gpu",
        Runtime="1h 30min",
        Nodes=2,
        TotalCPUs=16,
        CPUsPerNode=8,
        GPUsPerNode=4,
        MemoryPerNode="64G",
        Reservation="course",
        NodeConstraints="a100",
        QoS="high",
    )
    assert described(config)["Resources"] == {
        "Queue": "gpu",
        "Runtime": 5400,
        "Nodes": 2,
        "TotalCPUs": 16,
        "CPUsPerNode": 8,
        "GPUsPerNode": 4,
        "MemoryPerNode": 64 * 1024**3,
        "Reservation": "course",
        "NodeConstraints": "a100",
        "QoS": "high",
    }


def test_it_leaves_to_the_site_what_the_config_does_not_say() -> None:
    assert described(config_of(GPUsPerNode=0))["Resources"] == {"Queue": "batch"}


def test_it_asks_to_be_told_of_every_change_that_a_page_shows() -> None:
    settings = described(notification_url="https://mantik.example.org/n/1")["NotificationSettings"]
    assert settings["URL"] == "https://mantik.example.org/n/1"
    assert {"QUEUED", "RUNNING", "SUCCESSFUL", "FAILED"} <= set(settings["status"])


def test_it_asks_for_no_notification_without_an_address() -> None:
    assert "NotificationSettings" not in described()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("wine quality", "wine quality"),
        ("two\nlines\t", "two lines"),
        ("x" * 300, "x" * 100),
        ("\u200b\n", RUN.short_id),
    ],
)
def test_its_name_fits_into_one_short_line(name: str, shown: str) -> None:
    run = JobRun(RUN.short_id, name, RUN.commit, "demo")
    assert described(run=run)["Name"] == shown


# Commands on the login node


def test_it_has_no_command_on_the_login_node_unless_asked() -> None:
    assert not [key for key in described() if "command" in key.lower()]


def test_it_runs_commands_on_the_login_node() -> None:
    config = config_of({"PreRunCommandOnLoginNode": ["mkdir -p x", "date"], "PostRunCommandOnLoginNode": "echo done"})
    job = described(config)
    assert (job["User precommand"], job["RunUserPrecommandOnLoginNode"]) == ("mkdir -p x && date", "true")
    assert (job["User postcommand"], job["RunUserPostcommandOnLoginNode"]) == ("echo done || true", "true")


def test_a_command_afterwards_does_not_decide_what_became_of_the_run() -> None:
    job = described(config_of({"PreRunCommandOnLoginNode": "a", "PostRunCommandOnLoginNode": "b"}))
    assert (job["User precommand"], job["User postcommand"]) == ("a", "b || true")


@pytest.mark.parametrize(
    "first",
    ["echo one # a note", "echo one;", "echo one &", "# only a note\necho one", "if true; then echo one; fi",
     "cat <<E\none\nE", "echo one | cat"],
)  # fmt: skip
def test_a_command_cannot_swallow_the_next_one(first: str) -> None:
    joined = described(config_of({"PreRunCommandOnLoginNode": [first, "echo two"]}))["User precommand"]
    done = subprocess.run(["/bin/bash", "-c", joined + "\nwait"], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["one", "two"]


@pytest.mark.parametrize("first", ["false", "false;", "false # note", "(exit 3)", "true | false", "# note\nfalse"])
def test_no_command_follows_one_that_failed(first: str) -> None:
    joined = described(config_of({"PreRunCommandOnLoginNode": [first, "echo two"]}))["User precommand"]
    done = subprocess.run(["/bin/bash", "-c", joined], capture_output=True, text=True)
    assert (done.returncode != 0, done.stdout) == (True, "")


def test_a_note_alone_is_a_command_too() -> None:
    joined = described(config_of({"PreRunCommandOnLoginNode": ["# a note", "echo two"]}))["User precommand"]
    done = subprocess.run(["/bin/bash", "-c", joined], capture_output=True, text=True, check=True)
    assert done.stdout == "two\n"


# What may be shown


def test_what_is_shown_has_no_secret_and_no_archive() -> None:
    job = described(notification_url="https://mantik.example.org/n/secret-path")
    shown = shareable(job)
    text = json.dumps(shown)
    assert not [word for word in ("s3cret", "0a1b2c", "secret-path", "H4sIAA") if word in text]
    assert imports(shown)[layout.ENVIRONMENT]["Data"] == "(not shown: MLFLOW_TRACKING_TOKEN, MLFLOW_RUN_ID)"
    assert imports(shown)[layout.CODE_BASE64]["Data"] == "(8 characters)"


def test_what_is_shown_of_the_relay_is_how_long_it_is() -> None:
    shown = imports(shareable(described(seed='{"secret": "s3cret"}')))
    assert "s3cret" not in json.dumps(shown)
    assert shown[layout.RELAY]["Data"] == f"({len(PROGRAM.read_text()):,} characters)"


def test_what_is_sent_stays_as_it_is_when_it_is_shown() -> None:
    job = described(notification_url="https://mantik.example.org/n/1")
    before = json.dumps(job)
    shareable(job)
    assert json.dumps(job) == before


def test_what_is_shown_keeps_everything_else() -> None:
    job = described()
    shown = shareable(job)
    assert {**shown, "Imports": None} == {**job, "Imports": None}
    assert imports(shown)[layout.SCRIPT] == imports(job)[layout.SCRIPT]


@examples(50, 2000)
@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True),
        st.text(st.sampled_from("AB='\n\\ "), max_size=20),
        max_size=4,
    )
)
def test_no_part_of_a_value_is_taken_for_a_name(variables: dict[str, str]) -> None:
    shown = shareable(described(environment=environment_file(variables)))
    assert imports(shown)[layout.ENVIRONMENT]["Data"] == f"(not shown: {', '.join(variables)})"
