"""The key by which an ssh host proves who it is. It is asked for once and kept; from then on no other is accepted."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from connections.git.address import SshAddress, ssh_address
from connections.git.errors import GitError
from connections.git.ip_addresses import ip_addresses_of

# Of the keys that a host has, the first kind in this order is kept. Each is good enough to identify a host.
_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
# The keys that large hosts publish, so that these need not be trusted at first sight.
_PUBLISHED = {
    ("github.com", 22): "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    ("gitlab.com", 22): "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
    ("bitbucket.org", 22): "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO",
}
# For each connection of ssh-keyscan, and for all of it.
_ANSWER_SECONDS = 15
_SECONDS = 60


@dataclass(frozen=True)
class HostKey:
    """A host key: `kind` and `encoded` as in known_hosts. str() has both."""

    kind: str
    encoded: str

    @classmethod
    def parse(cls, line: str) -> HostKey | None:
        """The key that str() wrote as `line`; None for an empty line. Raises ValueError if it is no key of _KINDS."""
        kind, _, encoded = line.partition(" ")
        return cls(kind, encoded) if encoded else None

    def __str__(self) -> str:
        return f"{self.kind} {self.encoded}"

    @property
    def fingerprint(self) -> str:
        """The fingerprint as ssh and the pages of git hosts show it."""
        digest = hashlib.sha256(base64.b64decode(self.encoded)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def __post_init__(self) -> None:
        if self.kind not in _KINDS or not base64.b64decode(self.encoded, validate=True):
            raise ValueError("not a host key")


def first_host_key(url: str) -> HostKey:
    """For workers: the key to expect of a host whose key is not kept yet. Raises GitError."""
    address = ssh_address(url)
    published = HostKey.parse(_PUBLISHED.get((address.host, address.port), "")) if address else None
    return published or ask_host_key(url)


def ask_host_key(url: str) -> HostKey:
    """For workers: the key that the ssh host of `url` presents now. No login is sent. Raises GitError."""
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
