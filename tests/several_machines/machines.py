"""Machines of one's own: network namespaces on a bridge, each with its processes and an empty data directory.

A machine has its own processes, network and data directory, and is switched off as a whole; the rest of the file system
is that of the real machine, which stands for the services that all share: database, broker, MLflow, git host and site.
It takes root, and a kernel and programs (`ip`, `unshare`) that make namespaces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from mantik.up.worker import GROUPS
from tests.support.places import TOP

PORT = 8000
_QUEUES = [queue for group in GROUPS for queue in group.queues]
# Nobody else is likely to have it. The third number is that of this process.
_NETWORK = f"10.213.{os.getpid() % 250}"
SHARED = f"{_NETWORK}.1"
_NAME = f"mantik-{os.getpid()}"
_BRIDGE = f"mt{os.getpid()}"
_PROCESSES = 3
# What a machine runs: everything that may run more than once.
_BOOT = f"""
mount -t tmpfs -o mode=0700 mantik "$MANTIK_DATA_DIR"
"$PYTHON" -m tests.several_machines.forward 127.0.0.1 {SHARED} "$SITE_PORT" &
"$PYTHON" -m mantik.up.web 0.0.0.0 {PORT} 1 &
"$PYTHON" -m mantik.up.worker_groups "celery@$MACHINE" all={",".join(_QUEUES)}:{_PROCESSES} &
"$PYTHON" -m celery --app mantik --quiet beat --pidfile= &
wait
"""


def require_machines() -> None:
    """Skips the test where no machines can be made, or fails it in CI."""
    missing = [name for name in ("ip", "unshare") if shutil.which(name) is None]
    if os.geteuid() != 0:
        _leave_out("only root can make network namespaces")
    if missing:
        _leave_out(f"{' and '.join(missing)} cannot be found")
    if _ip("netns", "add", f"{_NAME}-probe", check=False):
        _leave_out("this kernel makes no network namespaces")
    _ip("netns", "del", f"{_NAME}-probe")


def _leave_out(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"CI must not leave this out: {reason}.")
    pytest.skip(f"Left out: {reason}.")


class Machine:
    """Number `number` on the bridge, from 1."""

    def __init__(self, number: int, directory: Path) -> None:
        self.name = f"{_NAME}-{number}"
        self.address = f"{_NETWORK}.{number + 1}"
        self.url = f"http://{self.address}:{PORT}"
        self._log = directory / f"machine-{number}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def plug_in(self, exits: ExitStack) -> None:
        cable = f"{_BRIDGE}-{self.address.rpartition('.')[2]}"
        _ip("netns", "add", self.name)
        exits.callback(_ip, "netns", "del", self.name, check=False)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("link", "set", cable, "master", _BRIDGE, "up")
        for device, *setting in (["lo"], ["eth0", f"{self.address}/24"]):
            for address in setting:
                _ip("-n", self.name, "addr", "add", address, "dev", device)
            _ip("-n", self.name, "link", "set", device, "up")

    def switch_on(self, exits: ExitStack, environment: Mapping[str, str]) -> None:
        own = {"MACHINE": self.name, "PYTHON": sys.executable, "MANTIK_BASE_URL": self.url}
        apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *apart, "sh", "-c", _BOOT],
                cwd=TOP, env=os.environ | dict(environment) | own, stdout=log, stderr=log,
            )  # fmt: skip
        exits.callback(self.switch_off)

    def switch_off(self) -> None:
        """At once and with all its processes: with the first process of a namespace the kernel kills the others."""
        if self._process:
            self._process.kill()
            self._process.wait(10)

    @property
    def is_ready(self) -> bool:
        """Whether its web server answers. Fails the test if the machine has ended."""
        assert self._process
        if self._process.poll() is not None:
            pytest.fail(f"The machine has ended:\n{self.log()}")
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        return False

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]

    def visitor(self, cookies: Mapping[str, str]) -> httpx.Client:
        """A browser of somebody who is signed in: sessions are in the database, so any machine knows them."""
        return httpx.Client(base_url=self.url, cookies=dict(cookies), timeout=20, trust_env=False)


@contextmanager
def network() -> Iterator[None]:
    """A bridge between this machine, at SHARED, and those that are plugged in."""
    _remove_what_others_left()
    with ExitStack() as exits:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        exits.callback(_ip, "link", "del", _BRIDGE, check=False)
        _ip("addr", "add", f"{SHARED}/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        yield


def _remove_what_others_left() -> None:
    """What belongs to processes that were killed before they could tidy up."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for name in (line.split()[0] for line in listed.splitlines() if line.startswith("mantik-")):
        pid = name.split("-")[1]
        if not Path(f"/proc/{pid}").exists():
            _ip("netns", "del", name, check=False)
            _ip("link", "del", f"mt{pid}", check=False)


def _ip(*arguments: str, check: bool = True) -> int:
    done: Any = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode:
        pytest.fail(f"ip {' '.join(arguments)}: {done.stderr}")
    return int(done.returncode)
