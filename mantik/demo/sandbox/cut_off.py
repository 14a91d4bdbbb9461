"""Starts a program in a network of its own, which has nothing but loopback: as compute nodes are at most sites.

    python cut_off.py PROGRAM ARGUMENT...

It is a file of the standard library alone, because a job's directory is no place to import from.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_GET_FLAGS, _SET_FLAGS, _IS_UP = 0x8913, 0x8914, 1
# Name of the interface, flags, and the rest of the kernel's `struct ifreq`.
_INTERFACE = struct.Struct("16sh22x")


def command() -> list[str]:
    """What stands before the words of a program that is to be cut off."""
    return [sys.executable, "-I", str(Path(__file__).resolve())]


def is_possible() -> bool:
    """Whether this machine lets us: Linux does, unless users without privileges are kept from it."""
    if sys.platform != "linux":
        return False
    try:
        return subprocess.run([*command(), "/bin/true"], stderr=subprocess.DEVNULL, check=False).returncode == 0  # noqa: S603 - its words are ours
    except OSError:
        return False


def leave_network() -> None:
    """Only this process, and what it starts. Raises OSError."""
    user, group = os.geteuid(), os.getegid()
    _unshare(_NEW_NETWORK if user == 0 else _NEW_USER | _NEW_NETWORK)
    if user != 0:
        # Without these it would be nobody.
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    _raise_loopback()


def _unshare(flags: int) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        _, flags = _INTERFACE.unpack(fcntl.ioctl(probe, _GET_FLAGS, _INTERFACE.pack(b"lo", 0)))
        fcntl.ioctl(probe, _SET_FLAGS, _INTERFACE.pack(b"lo", flags | _IS_UP))


if __name__ == "__main__":
    try:
        leave_network()
    except OSError as error:
        sys.exit(f"This job cannot be cut off from the network: {error.strerror}.")
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - what it is for
