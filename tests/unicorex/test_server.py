"""The program that runs a real UNICORE/X, and what happens where it cannot."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from mantik.demo.sandbox.users import generated_users, read_users
from tests.mantik.demo.sandbox.processes import is_running
from tests.support import sites
from tests.support.sites import RunningSite
from tests.unicorex.configuration import SHELL, Settings, write_configuration
from tests.unicorex.install import UnicoreXError
from tests.unicorex.server import UnicoreXServer


@pytest.mark.unicorex
def test_the_program_serves_until_it_is_told_to_stop(unicorex: RunningSite, tmp_path: Path) -> None:
    """`unicorex` is here for its skip: where it cannot run, neither can the program."""
    command = [sys.executable, "-m", "tests.unicorex.server", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        base = program.stdout.readline().removeprefix("UNICORE/X ready: ").strip()
        children = subprocess.run(["pgrep", "-P", str(program.pid)], capture_output=True, text=True, check=True)
        [java] = map(int, children.stdout.split())
        users = {user.login: user for user in read_users(tmp_path / "users.json")}
        with RunningSite("unicorex", base, users, tmp_path / "jobs").client("demo") as client:
            answer = client.get(base, params={"fields": "client"})
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0
    assert answer.json()["client"]["role"]["selected"] == "user"
    assert not is_running(java)
    with pytest.raises(httpx.ConnectError):
        httpx.get(base, trust_env=False)


def test_the_shell_of_a_job_ends_with_the_exit_code_that_the_script_wrote(tmp_path: Path) -> None:
    """The server may take either for the job's, whichever it meets first."""
    script = tmp_path / "script"
    script.write_text("(exit 3)\necho $? > UNICORE_SCRIPT_EXIT_CODE\n")
    assert subprocess.run([SHELL, script], cwd=tmp_path, check=False).returncode == 3


def test_a_path_with_a_blank_is_refused_in_a_sentence(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "my data", 1, https=False, users=generated_users())
    with pytest.raises(UnicoreXError, match="cannot work below a path with a blank"):
        write_configuration(settings)


def test_a_server_that_was_never_started_has_no_address(tmp_path: Path) -> None:
    with pytest.raises(UnicoreXError, match="never started"):
        _ = UnicoreXServer(tmp_path).base_url


def test_without_java_its_tests_are_left_out_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sites, "missing_tools", lambda: ["java", "mvn"])
    with pytest.raises(pytest.skip.Exception) as left_out:
        sites.require_unicorex()
    assert str(left_out.value) == (
        "Left out: the real UNICORE/X needs Java and Maven, and java and mvn cannot be found."
    )


def test_ci_never_leaves_them_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(sites, "missing_tools", lambda: ["java"])
    with pytest.raises(pytest.fail.Exception, match="CI must not leave this out"):
        sites.require_unicorex()
