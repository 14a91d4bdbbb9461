"""The programs that run the suite beside a PostgreSQL or a Redis of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mantik.up.stack import TOP
from tests.support.redis import Broker, broker_of_ones_own, client_at, forget_everything, server_of_ones_own

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
def redis_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of the Redis of the suite, as these tests see it."""
    with server_of_ones_own(tmp_path) as url:
        monkeypatch.setenv("MANTIK_TEST_BROKER_URL", url)
        yield url


def test_two_stacks_at_the_redis_of_the_suite_are_apart_also_in_one_process(redis_url: str) -> None:
    with broker_of_ones_own() as one, broker_of_ones_own() as other, client_at(redis_url) as client:
        assert one.url == other.url == redis_url
        assert one.prefix
        assert one.prefix != other.prefix
        for key in ("submit", f"{one.prefix}:submit", f"{other.prefix}:submit", f"{other.prefix}:unacked"):
            client.lpush(key, "message")
        # As one that loses its memory, and nobody else's.
        forget_everything(other)
        assert set(client.scan_iter()) == {b"submit", f"{one.prefix}:submit".encode()}
        forget_everything(Broker(redis_url))
        assert client.dbsize() == 0


def test_a_stack_leaves_nothing_behind_at_the_redis_of_the_suite(redis_url: str) -> None:
    with client_at(redis_url) as client:
        client.lpush("submit", "another's")
        with broker_of_ones_own() as broker:
            client.lpush(f"{broker.prefix}:submit", "message")
        assert list(client.scan_iter()) == [b"submit"]


def test_without_a_redis_a_stack_brings_its_own_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MANTIK_TEST_BROKER_URL", raising=False)
    with broker_of_ones_own() as broker:
        assert broker == Broker()


def test_what_tests_send_by_themselves_is_not_for_their_stacks(redis_url: str) -> None:
    seen = [shown_settings() for _ in range(2)]
    assert {url for url, _ in seen} == {redis_url}
    prefixes = {prefix for _, prefix in seen}
    assert len(prefixes - {""}) == 2


def shown_settings() -> list[str]:
    """The broker of a process of the suite."""
    program = "from tests import settings as s; print(s.CELERY_BROKER_URL, s.MANTIK_BROKER_PREFIX)"
    done = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True, check=True)
    return done.stdout.split()
