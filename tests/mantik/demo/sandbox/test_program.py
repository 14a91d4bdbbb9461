"""`python -m mantik.demo.sandbox`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from mantik.demo.sandbox.sandbox_site import SandboxSite
from mantik.demo.sandbox.users import read_users
from tests.contract.jobs import Submitter
from tests.mantik.demo.sandbox.processes import is_running
from tests.mantik.demo.sandbox.test_slots import pid_in
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until

Program = subprocess.Popen[str]
Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(*arguments, **environment)` runs the program with no setting of Mantik but those."""
    started: list[Program] = []

    def run(*arguments: str, **environment: str) -> Program:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MANTIK_")}
        program = subprocess.Popen(
            [sys.executable, "-m", "mantik.demo.sandbox", "--data-dir", str(tmp_path / "site"), *arguments],
            env=clean | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(program)
        return program

    yield run
    for program in started:
        if program.poll() is None:
            program.kill()
        program.communicate()


@pytest.mark.parametrize("settings", [{}, {"MANTIK_DEBUG": "1", "MANTIK_SANDBOX_ALLOWED": "0"}, {"MANTIK_DEBUG": "?"}])
def test_it_refuses_to_start_where_it_is_not_allowed(start: Start, tmp_path: Path, settings: dict[str, str]) -> None:
    program = start(**settings)
    out, err = program.communicate(timeout=60)
    assert (program.returncode, out) == (2, "")
    assert "MANTIK_SANDBOX_ALLOWED=1" in err
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("arguments", "settings"), [([], {"MANTIK_DEBUG": "1"}), ([], {"MANTIK_SANDBOX_ALLOWED": "1"}), (["--allow"], {})]
)
def test_it_serves_until_it_is_told_to_stop(
    start: Start, tmp_path: Path, arguments: list[str], settings: dict[str, str]
) -> None:
    program = start(*arguments, **settings)
    assert program.stdout
    base = program.stdout.readline().removeprefix("Sandbox site ready: ").strip()
    assert base.startswith("http://127.0.0.1:")
    assert base.endswith("/SANDBOX/rest/core")
    users = {user.login: user for user in read_users(tmp_path / "site" / "users.json")}
    assert set(users) == {"demo", "other", "admin"}
    with RunningSite("sandbox", base, users, tmp_path / "site" / "jobs").client("demo") as client:
        job = Submitter(RunningSite("sandbox", base, users, tmp_path), client).shell("echo $$ > pid; sleep 300")
        pid = pid_in(job, "pid")
    program.send_signal(signal.SIGTERM)
    assert program.wait(30) == 0
    wait_until(lambda: not is_running(pid))


def test_ctrl_c_stops_it(start: Start) -> None:
    program = start("--allow")
    assert program.stdout
    program.stdout.readline()
    program.send_signal(signal.SIGINT)
    assert program.wait(30) == 0
    assert program.communicate()[1] == ""


def test_a_users_file_that_cannot_be_used_is_told_in_a_sentence(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    file.write_text('{"demo": {"password": ""}}')
    program = start("--allow", "--users", str(file))
    _, err = program.communicate(timeout=60)
    assert program.returncode == 1
    assert err == f'The user "demo" in {file} needs a "password" that is a non-empty text.\n'


def test_a_port_that_is_taken_is_told_in_a_sentence(start: Start, sandbox: RunningSite) -> None:
    program = start("--allow", "--port", str(httpx.URL(sandbox.base_url).port))
    _, err = program.communicate(timeout=60)
    assert program.returncode == 1
    assert err.startswith("The sandbox site cannot start: ")
    assert "Traceback" not in err


def test_two_sites_cannot_share_a_directory(start: Start, tmp_path: Path) -> None:
    with SandboxSite(tmp_path / "site"):
        program = start("--allow")
        _, err = program.communicate(timeout=60)
    assert program.returncode == 1
    assert err.startswith(f"Another sandbox site is at work in {tmp_path / 'site'}.")
