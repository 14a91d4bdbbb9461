"""How git calls ssh: with one key, one known host, and no file or agent of the user that the workers run as."""

from __future__ import annotations

import contextlib
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from connections.git.address import SshAddress
from connections.git.host_keys import HostKey
from connections.git.ip_addresses import ip_addresses_of
from connections.git.values import SshKey

# The name that the host's key stands under, whatever the host is called and wherever it is.
_ALIAS = "the-host"
_OPTIONS = (
    "BatchMode=yes",
    "CheckHostIP=no",
    "ConnectTimeout=20",
    "ForwardAgent=no",
    "GlobalKnownHostsFile=none",
    f"HostKeyAlias={_ALIAS}",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PreferredAuthentications=publickey",
    "ServerAliveCountMax=4",
    "ServerAliveInterval=15",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
)
# For git processes that get no key from us: no other key is tried either, such as one of this machine's user.
REFUSES = shlex.join(["ssh", "-F", "none", *(word for option in _OPTIONS for word in ("-o", option))])


@contextlib.contextmanager
def ssh_command(
    directory: Path, address: SshAddress, *, key: SshKey | None, host_key: HostKey | None
) -> Iterator[list[str]]:
    """The program and its options, for as long as the context lasts.

    ssh reads keys from files only. `directory` holds them meanwhile, readable by this user alone, and is gone
    afterwards; what a killed worker leaves is removed by `Place.clear_leftovers` and `leftovers.remove_keys`.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700, parents=True)
    try:
        yield ["ssh", "-F", "none", *_words(directory, address, key, host_key)]
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _words(directory: Path, address: SshAddress, key: SshKey | None, host_key: HostKey | None) -> list[str]:
    known = directory / "known_hosts"
    _write(known, f"{_ALIAS} {host_key}\n" if host_key else "")
    identity = directory / "key"
    _write(identity, key.private if key else "")
    options = [
        *_OPTIONS,
        f"UserKnownHostsFile={_quoted(known)}",
        f"IdentityFile={_quoted(identity) if key else 'none'}",
        f"HostName={ip_addresses_of(address.host, address.port)[0]}",
    ]
    if not address.user:
        options.append("User=git")
    return [word for option in options for word in ("-o", option)]


def _write(path: Path, content: str) -> None:
    path.touch(mode=0o600)
    path.write_text(content)


def _quoted(path: Path) -> str:
    """`path` as ssh's configuration needs it: in quotes, because of spaces, and with % doubled, which has a meaning."""
    return '"{}"'.format(str(path).replace("%", "%%"))
