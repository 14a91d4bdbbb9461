"""One process at a time turns a connection's secret into the next.

A token that changes at each use is lost if two use it at once. So whoever wants to takes a turn: a lease on the row,
by compare-and-set. What came of it is kept only by who still has the turn, and only in place of the very secret that
the turn began with: a secret that its owner replaced meanwhile stays as they gave it. The lease ends by itself if a
process dies with it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from connections.models import Connection

# Longer than a login service or a site may take to answer.
TURN = timedelta(seconds=60)
_NO_LEASE: dict[str, Any] = {"renewal_lease": None, "renewal_lease_until": None}


@dataclass(frozen=True)
class Turn:
    """`connection` is as it was read after the turn was taken."""

    connection: Connection
    lease: uuid.UUID
    secret: str

    def __repr__(self) -> str:
        return f"Turn({self.connection.pk})"

    def keep(self, *, secret: str, **columns: Any) -> bool:
        """Store the next secret, and end the turn. False if the secret is not ours to replace any more."""
        while True:
            row = Connection.objects.filter(pk=self.connection.pk, renewal_lease=self.lease).first()
            if row is None or row.reveal_secret() != self.secret:
                self.end()
                return False
            # The same secret may have been sealed anew with another key since it was read: then once more.
            unchanged = Connection.objects.filter(pk=row.pk, renewal_lease=self.lease, sealed_secret=row.sealed_secret)
            if unchanged.update(sealed_secret=row.sealed("secret", secret), **columns, **_NO_LEASE):
                return True

    def end(self, **columns: Any) -> None:
        """Without a new secret."""
        mine = Connection.objects.filter(pk=self.connection.pk, renewal_lease=self.lease)
        mine.update(**columns, **_NO_LEASE)


def take_turn(connection_id: int, *, now: datetime) -> Turn | None:
    """None while another process has it, or if the connection is gone. Raises SealBroken."""
    lease = uuid.uuid4()
    free = Q(renewal_lease=None) | Q(renewal_lease_until__lte=now)
    taken = Connection.objects.filter(free, pk=connection_id)
    if not taken.update(renewal_lease=lease, renewal_lease_until=now + TURN):
        return None
    connection = Connection.objects.select_related("site", "owner").filter(pk=connection_id).first()
    return Turn(connection, lease, connection.reveal_secret()) if connection else None
