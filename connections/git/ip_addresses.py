"""The IP addresses of a host. They are looked up and checked once, and git connects to no other."""

from __future__ import annotations

from connections.git.errors import GitError
from mantik.lib import outbound


def ip_addresses_of(host: str, port: int) -> list[str]:
    """The addresses of `host`, at least one. Mantik may connect to each of them. Raises GitError."""
    try:
        return outbound.resolve(host, port)
    except outbound.AddressRefused as refused:
        raise GitError(str(refused), code="address.refused", permanent=True) from None
    except OSError:
        raise GitError(
            f"The name {host} cannot be found at the moment. Check the address if this goes on.",
            code="unreachable",
            permanent=False,
        ) from None
