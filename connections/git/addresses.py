"""Which machines a host's name leads to. It is looked up once, and git connects to what was checked."""

from __future__ import annotations

from connections.git.errors import GitError
from mantik.lib import outbound


def addresses_for(host: str, port: int) -> list[str]:
    """At least one, each of which Mantik may connect to. Raises GitError."""
    try:
        return outbound.resolve(host, port)
    except outbound.AddressRefused as refused:
        raise GitError(str(refused), code="address.refused", permanent=True) from None
    except (OSError, UnicodeError):
        raise GitError(
            f"The name {host} cannot be found at the moment. It is tried again; check the address if this goes on.",
            code="unreachable",
            permanent=False,
        ) from None
