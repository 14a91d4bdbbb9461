"""A command beside a Redis of its own: `python -m tests.support.redis -- COMMAND...`.

The server listens on a free loopback port, named to the command by MANTIK_TEST_BROKER_URL, keeps nothing on
disk, and is gone afterwards. It is the installed redis-server; `manage.py up` prefers a packaged one.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mantik.up.errors import UpError
from mantik.up.ports import LOOPBACK, free_port
from mantik.up.service_process import Service
from tests.support.beside import command_after_dashes, run_beside

# More than the processes that any machine runs the suite in.
_DATABASES = 256


def broker_of_ones_own() -> str:
    """The URL of a broker for a stack that a test starts; "" where the stack is to bring its own.

    On the Redis of the suite it is an empty database for this process. Stacks with one broker between them take each
    other's messages, find nothing by them in their own tables, and the work is not done.
    """
    given = os.environ.get("MANTIK_TEST_BROKER_URL")
    if not given:
        return ""
    # Number 0 is for what the processes of the suite itself send.
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = urlsplit(given)._replace(path=f"/{number}").geturl()
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


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
    place = ("--bind", LOOPBACK, "--port", str(port), "--databases", str(_DATABASES))
    command = [program, *place, "--save", "", "--appendonly", "no", "--loglevel", "warning"]
    return Service("redis", command, is_ready=lambda: answers(port))


def answers(port: int) -> bool:
    try:
        with redis.Redis(LOOPBACK, port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


if __name__ == "__main__":
    main()
