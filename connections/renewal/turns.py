"""Only one process at a time replaces a connection's secret by the next one.

A token that changes at each use is lost if two processes use it at once. So a process first takes a turn, a lease on
the row. The new secret is stored only if the process still has its turn, and only in place of the secret that the turn
began with: a secret that its owner replaced meanwhile is kept.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connections.models import Connection
from mantik.lib.backoff import Clock
from mantik.lib.leases import NO_LEASE, Lease, take
from mantik.lib.sealing import SealBroken

# The hard limit of the task that renews. A login service is given up long before.
LONGEST_TURN = timedelta(minutes=6)


@dataclass(frozen=True)
class Turn:
    """`connection` is as it was read after the turn was taken."""

    connection: Connection
    lease: Lease[Connection]
    secret: str

    def __repr__(self) -> str:
        return f"Turn({self.connection.pk})"

    def keep(self, *, secret: str, **columns: Any) -> bool:
        """Store the next secret and end the turn. False if the secret was replaced, or the turn lost, meanwhile."""
        while True:
            row = self.lease.mine.first()
            if row is None or not self._is_the_same_in(row):
                self.end()
                return False
            # The same secret may have been sealed anew with another key since it was read: then once more.
            unchanged = self.lease.mine.filter(sealed_secret=row.sealed_secret)
            if unchanged.update(sealed_secret=row.sealed("secret", secret), **columns, **NO_LEASE):
                return True

    def _is_the_same_in(self, row: Connection) -> bool:
        try:
            return row.reveal_secret() == self.secret
        except SealBroken:
            # Sealed anew meanwhile, with a key that this process does not have.
            return False

    def kept(self, clock: Clock) -> AbstractContextManager[None]:
        """Others wait, or leave, while the service is asked."""
        return self.lease.kept(clock=clock, longest=LONGEST_TURN)

    def end(self, **columns: Any) -> None:
        """End the turn without a new secret."""
        self.lease.give_back(**columns)


def take_turn(connection_id: int, *, now: datetime) -> Turn | None:
    """Take a turn. None while another process has one, or if the connection is gone. Raises SealBroken."""
    lease = take(Connection.objects.all(), key=connection_id, now=now)
    # Its owner may replace the secret, and with it end the turn, at any moment.
    connection = lease.mine.select_related("site", "owner").first() if lease else None
    if lease is None or connection is None:
        return None
    try:
        return Turn(connection, lease, connection.reveal_secret())
    except SealBroken:
        # Whoever comes next is told the same at once, and does not wait for a turn in which nothing is done.
        lease.give_back()
        raise
