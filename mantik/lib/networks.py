"""Lists of hosts and networks in settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Allowed:
    """What operators list: `hosts` by name, lower case, whatever their address is; `networks` by address."""

    hosts: frozenset[str]
    networks: tuple[Network, ...]


def parse_allowed(words: Iterable[str]) -> Allowed:
    """Read host names, addresses and networks such as 10.1.0.0/16. Raises ValueError for anything else."""
    hosts, networks = set(), []
    for word in words:
        try:
            networks.append(ipaddress.ip_network(word))
        except ValueError:
            if "/" in word or ":" in word or word.replace(".", "").isdecimal():
                raise ValueError(
                    f"{word} is neither a host name nor an address nor a network such as 10.1.0.0/16."
                ) from None
            hosts.add(word.lower().rstrip("."))
    return Allowed(frozenset(hosts), tuple(networks))
