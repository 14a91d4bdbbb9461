"""Nodes of a cluster: network namespaces that reach each other and nothing else, and share all files.

It takes root, and a kernel and programs (`ip`, `unshare`) that make namespaces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

_NETWORK = "10.214.0"
# `ip netns exec` puts the files of a namespace there in place of those of /etc.
_FILES = Path("/etc/netns")


class Connections(NamedTuple):
    """As its kernel counts them. `refused`: nobody listened there."""

    asked: int
    refused: int


class Node:
    """Number `number`, from 1, named as `name` to itself and to the others."""

    def __init__(self, number: int) -> None:
        self.number, self.name = number, f"node{number}"
        self.address = f"{_NETWORK}.{number}"
        self.namespace = f"mantik-job-{os.getpid()}-{number}"

    @property
    def within(self) -> list[str]:
        """What to put before a command, so that it runs on the node."""
        named = f'echo {self.name} > /proc/sys/kernel/hostname; exec "$@"'
        return ["ip", "netns", "exec", self.namespace, "unshare", "--uts", "sh", "-c", named, "-"]

    @property
    def connections(self) -> Connections:
        """Those that its processes have asked for so far."""
        lines = _ip("netns", "exec", self.namespace, "cat", "/proc/net/snmp").splitlines()
        names, values = (line.split() for line in lines if line.startswith("Tcp:"))
        counted = dict(zip(names, values, strict=True))
        return Connections(int(counted["ActiveOpens"]), int(counted["AttemptFails"]))


@contextmanager
def cluster(count: int) -> Iterator[list[Node]]:
    """Skips the test where there can be none."""
    _require()
    nodes = [Node(number) for number in range(1, count + 1)]
    with ExitStack() as exits:
        for node in nodes:
            _ip("netns", "add", node.namespace)
            exits.callback(_ip, "netns", "del", node.namespace)
            _name(node, nodes, exits)
        _ip("-n", nodes[0].namespace, "link", "add", "bridge", "type", "bridge")
        for node in nodes:
            _plug_in(node, "bridge" if node is nodes[0] else "eth0", nodes[0])
        yield nodes


def _plug_in(node: Node, device: str, first: Node) -> None:
    """The bridge is a device of the first node, so that nothing of this is on the machine itself."""
    if node is not first:
        cable = f"cable{node.number}"
        _ip("-n", first.namespace, "link", "add", cable, "type", "veth", "peer", device, "netns", node.namespace)
        _ip("-n", first.namespace, "link", "set", cable, "master", "bridge", "up")
    _ip("-n", node.namespace, "addr", "add", f"{node.address}/24", "dev", device)
    for name in ("lo", device):
        _ip("-n", node.namespace, "link", "set", name, "up")


def _name(node: Node, nodes: list[Node], exits: ExitStack) -> None:
    folder = _FILES / node.namespace
    folder.mkdir(parents=True)
    exits.callback(shutil.rmtree, folder)
    # As Debian does it: to itself, a machine has an address that is of no use to others.
    lines = ["127.0.0.1 localhost", f"127.0.1.1 {node.name}"]
    lines += [f"{other.address} {other.name}" for other in nodes if other is not node]
    (folder / "hosts").write_text("".join(f"{line}\n" for line in lines))


def _require() -> None:
    missing = [name for name in ("ip", "unshare") if shutil.which(name) is None]
    if os.geteuid() != 0:
        _leave_out("only root can make network namespaces")
    if missing:
        _leave_out(f"{' and '.join(missing)} cannot be found")
    probe = f"mantik-probe-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode:
        _leave_out("this kernel makes no network namespaces")
    _ip("netns", "del", probe)


def _leave_out(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"CI must not leave this out: {reason}.")
    pytest.skip(f"Left out: {reason}.")


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"ip {' '.join(arguments)}: {done.stderr}")
    return done.stdout
