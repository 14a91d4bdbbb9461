"""One process at a time turns a connection's secret into the next.

A token that changes at each use is lost if two use it at once. So whoever wants to takes a turn: a lease on the row.
What came of it is kept only by who still has the turn, and only in place of the very secret that the turn began with:
a secret that its owner replaced meanwhile stays as they gave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connections.models import Connection
from mantik.lib.leases import NO_LEASE, Lease, take

# Longer than a login service or a site may take to answer.
TURN = timedelta(seconds=60)


@dataclass(frozen=True)
class Turn:
    """`connection` is as it was read after the turn was taken."""

    connection: Connection
    lease: Lease[Connection]
    secret: str

    def __repr__(self) -> str:
        return f"Turn({self.connection.pk})"

    def keep(self, *, secret: str, **columns: Any) -> bool:
        """Store the next secret, and end the turn. False if the secret is not ours to replace any more."""
        while True:
            row = self.lease.mine.first()
            if row is None or row.reveal_secret() != self.secret:
                self.end()
                return False
            # The same secret may have been sealed anew with another key since it was read: then once more.
            unchanged = self.lease.mine.filter(sealed_secret=row.sealed_secret)
            if unchanged.update(sealed_secret=row.sealed("secret", secret), **columns, **NO_LEASE):
                return True

    def end(self, **columns: Any) -> None:
        """Without a new secret."""
        self.lease.give_back(**columns)


def take_turn(connection_id: int, *, now: datetime) -> Turn | None:
    """None while another process has it, or if the connection is gone. Raises SealBroken."""
    lease = take(Connection.objects.all(), key=connection_id, now=now, time=TURN)
    # Its owner may replace the secret, and with it end the turn, at any moment.
    connection = lease.mine.select_related("site", "owner").first() if lease else None
    return Turn(connection, lease, connection.reveal_secret()) if connection and lease else None
