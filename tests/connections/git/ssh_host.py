"""A git host that speaks ssh on a loopback port: OpenSSH's own server, as an ordinary process of this user.

Whoever has one of its keys may run git-upload-pack and git-lfs-authenticate, and nothing else, as on a real host.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from mantik.up.ports import free_port

PROGRAM = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host
PidFile none
AuthorizedKeysFile {directory}/authorized_keys
ForceCommand {directory}/forced
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
PermitTTY no
AllowTcpForwarding no
MaxStartups 100
"""
_FORCED = """\
#!/bin/sh
printf '%s\\n' "$SSH_ORIGINAL_COMMAND" >> {directory}/asked
case "$SSH_ORIGINAL_COMMAND" in
  "git-upload-pack "*) sleep "$(cat {directory}/delay)"; exec git-shell -c "$SSH_ORIGINAL_COMMAND" ;;
  "git-lfs-authenticate "*) . {directory}/lfs ;;
  *) echo "not allowed" >&2; exit 1 ;;
esac
"""


class SshHost:
    """Serves any repository of this disk below `address` to the keys that were let in."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        directory.mkdir(parents=True, mode=0o700)
        self.change_host_key()
        (directory / "config").write_text(_CONFIG.format(port=self.port, directory=directory))
        (directory / "authorized_keys").touch()
        (directory / "forced").write_text(_FORCED.format(directory=directory))
        (directory / "forced").chmod(0o755)
        self.slow_down(0)
        self.answer_lfs("cat lfs.json")

    @property
    def address(self) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def asked(self) -> list[str]:
        """The commands so far."""
        path = self.directory / "asked"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def fingerprint(self) -> str:
        command = ["ssh-keygen", "-l", "-f", str(self.directory / "host.pub")]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        return told.stdout.split()[1]

    def let_in(self, public_key: str) -> None:
        with (self.directory / "authorized_keys").open("a") as keys:
            keys.write(f"restrict {public_key}\n")

    def slow_down(self, seconds: float) -> None:
        (self.directory / "delay").write_text(str(seconds))

    def answer_lfs(self, command: str) -> None:
        """What it does when it is asked for Git LFS, in its directory."""
        (self.directory / "lfs").write_text(f"cd {self.directory}; {command}")

    def change_host_key(self) -> None:
        """Takes effect when it starts."""
        for path in self.directory.glob("host*"):
            path.unlink()
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(self.directory / "host")]
        subprocess.run(command, check=True)

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            # As root it insists on it.
            Path("/run/sshd").mkdir(exist_ok=True)
        assert PROGRAM
        self._process = subprocess.Popen(
            [PROGRAM, "-D", "-e", "-f", str(self.directory / "config")], stderr=(self.directory / "log").open("w")
        )
        self._await()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def restart(self) -> None:
        self.__exit__()
        self.__enter__()

    def _await(self) -> None:
        deadline = time.monotonic() + 20
        while self._process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError((self.directory / "log").read_text())


LEFT_OUT = "OpenSSH's server is not installed, so git over ssh was not tried (Debian: openssh-server)."


@contextmanager
def running_ssh_host(directory: Path) -> Iterator[SshHost | None]:
    """Lets nobody in yet. None where OpenSSH's server is not installed; in CI it has to be."""
    if not PROGRAM:
        if os.environ.get("CI"):
            pytest.fail(LEFT_OUT)
        yield None
        return
    with SshHost(directory) as running:
        yield running


@pytest.fixture
def ssh_host(tmp_path: Path) -> Iterator[SshHost]:
    with running_ssh_host(tmp_path / "sshd") as running:
        if running is None:
            pytest.skip(LEFT_OUT)
        yield running
