"""Guards the connections that Mantik makes to hosts that others have named.

Hosts are named by members, and by the answers of servers that members chose. They must not lead a worker to itself, to
its neighbours in a private network, or to the address where a cloud hands out credentials. What counts is the address
that is connected to. So a name is looked up here, once, and the connection goes to the address that was checked: a name
that means something else a moment later, or after a redirect, gains nothing. Operators list hosts inside their network
in MANTIK_OUTBOUND_ALLOWED. Mantik's own services (database, broker, MLflow, mail) come from settings and are not
checked.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

import httpcore
from django.conf import settings

from mantik.lib.networks import Allowed, Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_PORTS = {"https": 443, "http": 80, "ssh": 22}
# IPv6 addresses that a gateway of the network turns into IPv4 addresses; those are what counts.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """Mantik does not connect to this address; the text says why, and what an operator can do."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`, each of which may be connected to. Asks the name service.

    Raises AddressRefused if one of them may not, and socket.gaierror for a name that is not found.
    """
    name = host.lower().rstrip(".").strip("[]")
    if not name.isascii():
        # Programs disagree which name such letters stand for, so another one could be connected to than was checked.
        raise AddressRefused(f"{host} has letters beyond ASCII. Write the name as it is registered, with xn--.")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        # Python's way to say that a label is empty or too long, for which callers are not prepared.
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is no name of a host") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed: Allowed = settings.MANTIK_OUTBOUND_ALLOWED
    if name not in allowed.hosts:
        for address in addresses:
            _check(name, ipaddress.ip_address(address), allowed.networks)
    return addresses


def check_url(url: str) -> None:
    """Check a URL that somebody else connects to later. Raises what `resolve` raises, and ValueError for no URL."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{url} names no host.")
    resolve(parts.hostname, parts.port or _PORTS.get(parts.scheme, 443))


def _check(host: str, address: Address, networks: Iterable[Network]) -> None:
    # Operators may list the address as it is written, or the one that it stands for.
    for form in (address, _meant_by(address)):
        if any(form in network for network in networks):
            return
    if _is_public(_meant_by(address)):
        return
    what = str(address) if host == str(address) else f"{host} is at {address}, and that"
    raise AddressRefused(
        f"{what} is not an address of the public network. Mantik connects to it only if an operator lists it in "
        "MANTIK_OUTBOUND_ALLOWED."
    )


def _meant_by(address: Address) -> Address:
    """The IPv4 address that an IPv6 address wraps, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or address.is_private
        or address.is_unspecified
        # Of old networks; Python takes it for public.
        or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)
    )


class GuardedBackend(httpcore.SyncBackend):
    """For an httpcore pool: connects only to addresses that `resolve` has checked, never to a name."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Try the addresses one after the other, each for an equal share of what is left of `timeout`.

        Raises httpcore.ConnectError with the reason as its cause, and httpcore.ConnectTimeout.
        """
        try:
            addresses = resolve(host, port)
        except (AddressRefused, OSError) as error:
            raise httpcore.ConnectError(str(error)) from error
        # A name may have hundreds of addresses that drop whatever they are sent.
        deadline = None if timeout is None else time.monotonic() + timeout
        for place, address in enumerate(addresses[:-1]):
            share = _share(deadline, among=len(addresses) - place)
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return super().connect_tcp(address, port, share, local_address, socket_options)
        return super().connect_tcp(addresses[-1], port, _share(deadline, among=1), local_address, socket_options)


def _share(deadline: float | None, *, among: int) -> float | None:
    """The seconds until `deadline`, divided by `among`, but at least a moment."""
    return None if deadline is None else max((deadline - time.monotonic()) / among, 0.01)
