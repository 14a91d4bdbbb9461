"""A command beside a Redis of its own: `python -m tests.support.redis -- COMMAND...`.

The server listens on a free loopback port, named to the command by MANTIK_TEST_BROKER_URL, keeps nothing on
disk, and is gone afterwards. It is the installed redis-server; `manage.py up` prefers a packaged one.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mantik.up.errors import UpError
from mantik.up.ports import LOOPBACK, free_port
from mantik.up.process import Service
from tests.support.beside import command_after_dashes, run_beside


def main() -> None:
    command = command_after_dashes(sys.argv[1:], program="tests.support.redis")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mantik-redis-") as directory:
        try:
            code = run_beside(
                _server(port),
                command,
                environment={"MANTIK_TEST_BROKER_URL": f"redis://{LOOPBACK}:{port}/0"},
                directory=Path(directory),
            )
        except UpError as error:
            sys.exit(str(error))
    sys.exit(code)


def _server(port: int) -> Service:
    program = shutil.which("redis-server")
    if not program:
        raise UpError("redis-server was not found. Install Redis (Debian: the package redis-server).")
    options = ("--bind", LOOPBACK, "--port", str(port), "--save", "", "--appendonly", "no")
    return Service("redis", [program, *options, "--loglevel", "warning"], is_ready=lambda: _answers(port))


def _answers(port: int) -> bool:
    try:
        with redis.Redis(LOOPBACK, port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


if __name__ == "__main__":
    main()
