"""The key by which an ssh host proves who it is. It is asked for once, kept, and from then on the only one taken."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from connections.git.address import SshAddress, ssh_address
from connections.git.errors import GitError
from connections.git.ip_addresses import ip_addresses_of

# The first that a host has; each is good enough to tell a host by.
_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
# What large hosts publish: with these nobody has to be trusted at first sight.
_PUBLISHED = {
    ("github.com", 22): "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    ("gitlab.com", 22): "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
    ("bitbucket.org", 22): "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO",
}
_ANSWER_SECONDS = 15
_SECONDS = 60


@dataclass(frozen=True)
class HostKey:
    """`kind` and `encoded` as known_hosts has them; str() is both."""

    kind: str
    encoded: str

    @classmethod
    def parse(cls, line: str) -> HostKey | None:
        """What str() has written; None for an empty line."""
        kind, _, encoded = line.partition(" ")
        return cls(kind, encoded) if encoded else None

    def __str__(self) -> str:
        return f"{self.kind} {self.encoded}"

    @property
    def fingerprint(self) -> str:
        """As ssh and the pages of git hosts show it."""
        digest = hashlib.sha256(base64.b64decode(self.encoded)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def __post_init__(self) -> None:
        if self.kind not in _KINDS or not base64.b64decode(self.encoded, validate=True):
            raise ValueError("not a host key")


def first_host_key(url: str) -> HostKey:
    """For workers: the key to expect of a host that was never asked. Raises GitError."""
    address = ssh_address(url)
    published = HostKey.parse(_PUBLISHED.get((address.host, address.port), "")) if address else None
    return published or ask_host_key(url)


def ask_host_key(url: str) -> HostKey:
    """For workers: the key that the ssh host of `url` shows now, with no login. Raises GitError."""
    address = ssh_address(url)
    assert address, "only ssh hosts have keys"
    found = sorted(_keys(_scan(address)), key=lambda key: _KINDS.index(key.kind))
    if not found:
        raise GitError(
            f"{address.host} cannot be reached by ssh at the moment. Check the address if this goes on.",
            code="unreachable",
            permanent=False,
        )
    return found[0]


def _scan(address: SshAddress) -> str:
    host = ip_addresses_of(address.host, address.port)[0]
    command = ["ssh-keyscan", "-T", str(_ANSWER_SECONDS), "-p", str(address.port), "-t", "ed25519,ecdsa,rsa", "--"]
    try:
        done = subprocess.run(  # noqa: S603 - the host is a name or an address, and comes after --
            [*command, host],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise GitError(
            "The program ssh-keyscan is not installed where Mantik runs. Ask an operator to install OpenSSH's client.",
            code="ssh.not_installed",
            permanent=False,
        ) from None
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def _keys(output: str) -> Iterator[HostKey]:
    for line in output.splitlines():
        _, _, key_text = line.partition(" ")
        try:
            key = HostKey.parse(key_text.strip())
        except ValueError:
            continue
        if key:
            yield key
