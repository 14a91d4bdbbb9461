"""The programs that run the suite beside a PostgreSQL or a Redis of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from mantik.up.broker import find_server
from mantik.up.ports import LOOPBACK, free_port
from mantik.up.stack import TOP
from tests.support.redis import answers, broker_of_ones_own
from tests.support.waiting import wait_until

PROGRAMS = {
    "postgres": ("MANTIK_TEST_DATABASE_URL", "postgresql://"),
    "redis": ("MANTIK_TEST_BROKER_URL", "redis://127.0.0.1:"),
}
SHOW = "import os, sys; print(os.environ.get({name!r}), os.environ.get('DJANGO_SETTINGS_MODULE')); sys.exit(7)"
INSTALLED = {
    "postgres": bool(shutil.which("initdb")) or Path("/usr/lib/postgresql").is_dir(),
    "redis": bool(shutil.which("redis-server")),
}


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, "-m", f"tests.support.{program}", *words],
        cwd=TOP,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("program", list(PROGRAMS))
def test_a_command_finds_its_server_and_its_exit_code_is_passed_on(program: str) -> None:
    if not INSTALLED[program]:
        pytest.skip(f"{program} is not installed here.")
    name, beginning = PROGRAMS[program]
    done = run(program, "--", sys.executable, "-c", SHOW.format(name=name))
    assert done.returncode == 7, done.stderr
    url, settings = done.stdout.split()
    assert url.startswith(beginning)
    # The settings are the command's own choice, as without the program.
    assert settings == "None"


@pytest.mark.parametrize("program", list(PROGRAMS))
@pytest.mark.parametrize("words", [(), ("--",), ("pytest",)])
def test_a_command_stands_behind_two_dashes(program: str, words: tuple[str, ...]) -> None:
    done = run(program, *words)
    assert done.returncode == 1
    assert done.stderr == f"usage: python -m tests.support.{program} -- COMMAND [ARGUMENT ...]\n"


def test_a_command_that_does_not_exist_is_named() -> None:
    if not INSTALLED["redis"]:
        pytest.skip("redis is not installed here.")
    done = run("redis", "--", "no-such-command")
    assert (done.returncode, done.stderr) == (1, "no-such-command cannot be started: No such file or directory.\n")


@pytest.fixture
def redis_url() -> Iterator[str]:
    port = free_port()
    server = subprocess.Popen([find_server(), "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port))
        yield f"redis://{LOOPBACK}:{port}/0"
    finally:
        server.terminate()
        server.wait()


def test_stacks_of_two_processes_never_take_each_others_messages(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MANTIK_TEST_BROKER_URL", redis_url)
    urls = []
    for process in ("gw0", "gw1"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", process)
        urls.append(broker_of_ones_own())
    assert len({redis_url, *urls}) == 3
    with redis.Redis.from_url(urls[0]) as one, redis.Redis.from_url(urls[1]) as other:
        one.lpush("git", "fetch")
        other.lpush("git", "fetch")
        assert (one.llen("git"), other.llen("git")) == (1, 1)
        # Nor those of the stack before.
        broker_of_ones_own()
        assert (one.llen("git"), other.llen("git")) == (1, 0)


def test_without_a_redis_a_stack_brings_its_own_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MANTIK_TEST_BROKER_URL", raising=False)
    assert broker_of_ones_own() == ""
