"""Where stacks that tests start get their broker, and a command beside a Redis of its own.

`python -m tests.support.redis -- COMMAND...`: the server listens on a free loopback port, named to the command by
MANTIK_TEST_BROKER_URL, keeps nothing on disk, and is gone afterwards. It is the installed redis-server; `manage.py up`
prefers a packaged one.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mantik.lib.service_urls import broker_options, own_broker_url
from mantik.up.broker import broker_service
from mantik.up.errors import UpError
from mantik.up.group import Group
from mantik.up.output import silent
from mantik.up.ports import LOOPBACK, free_port
from mantik.up.service_process import Service
from tests.support.beside import command_after_dashes, run_beside

# At once, as a broker forgets that loses its memory.
_FORGET = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end"


@dataclass(frozen=True)
class Broker:
    """What is below `prefix` at `url`, or all that is there. Without a URL, one that a stack starts for itself."""

    url: str = ""
    prefix: str = ""


@contextmanager
def broker_of_ones_own() -> Iterator[Broker]:
    """For a stack that a test starts: a name that nobody else has at the Redis of the suite, if there is one.

    Stacks with one broker between them take each other's messages, find nothing by them in their own tables, and the
    work is not done. The processes of a suite share that Redis, and so may other suites.
    """
    broker = suites_own_broker()
    try:
        yield broker
    finally:
        if broker.url:
            forget_everything(broker)


def suites_own_broker() -> Broker:
    """The same without an end, for who lives as long as the process."""
    given = os.environ.get("MANTIK_TEST_BROKER_URL")
    return Broker(given, f"test-{uuid4().hex}") if given else Broker()


@contextmanager
def server_of_ones_own(directory: Path) -> Iterator[str]:
    """The URL of a server for who empties or listens to the whole of it. It lies in `directory`."""
    group = Group(directory=directory, output=silent, is_stopping=lambda: False)
    try:
        group.start([broker_service(directory)])
        group.await_ready()
        yield own_broker_url(directory)
    finally:
        group.stop()


def client_at(url: str) -> redis.Redis:
    """For `with`: a client of the broker that Mantik is told of by this URL."""
    return redis.Redis.from_url(url.replace("redis+socket://", "unix://").replace("virtual_host=", "db="))


def keys_of(broker: Broker) -> str:
    """The pattern of all keys that belong to it."""
    return f"{broker_options(broker.prefix).get('global_keyprefix', '')}*"


def forget_everything(broker: Broker) -> None:
    """Messages, bindings, and whom they were handed to; nothing of others at the same server."""
    with client_at(broker.url) as client:
        client.eval(_FORGET, 0, keys_of(broker))


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
    return Service("redis", [program, *options, "--loglevel", "warning"], is_ready=lambda: answers(LOOPBACK, port))


def answers(host: str, port: int) -> bool:
    try:
        with redis.Redis(host, port, socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


if __name__ == "__main__":
    main()
