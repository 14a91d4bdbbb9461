"""Ports on the loopback address."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        # As the servers do: connections of the previous one may still be closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def lasting_port(name: str, *, memory: Path) -> int:
    """A free port: that of the last start, if it is free, so that stored addresses keep working.

    `memory` is a JSON file of this module's own, which `remember_ports` writes.
    """
    port = _recall(memory).get(name, 0)
    return port if port and is_free(port) else free_port()


def remember_ports(ports: Mapping[str, int], *, memory: Path) -> None:
    """Store ports for the next start; ports of other names are kept."""
    memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    memory.touch(mode=0o600)
    memory.write_text(json.dumps({**_recall(memory), **ports}))


def _recall(memory: Path) -> dict[str, int]:
    try:
        return {str(name): int(port) for name, port in json.loads(memory.read_text()).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        # No file, or a damaged one: new ports are chosen.
        return {}
