"""Leases on the secrets of connections: only one process at a time exchanges a secret for the next one.

A token that changes at each use is lost if two processes use it at once. So a process first takes a lease on the
connection's row. The new secret is stored only if the process still has its lease, and only in place of the secret that
it read under the lease: a secret that its owner replaced meanwhile is kept.
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

# The hard time limit of the task that renews (CELERY_TASK_TIME_LIMIT). A request to a login service ends long before.
LONGEST_RENEWAL = timedelta(minutes=6)


@dataclass(frozen=True)
class SecretLease:
    """The right to exchange the secret of `connection`, which is as it was read after the lease was taken."""

    connection: Connection
    lease: Lease[Connection]
    secret: str

    def __repr__(self) -> str:
        return f"SecretLease({self.connection.pk})"

    def keep(self, *, secret: str, **columns: Any) -> bool:
        """Store the next secret and end the lease. False if the secret was replaced, or the lease lost, meanwhile."""
        while True:
            row = self.lease.mine.first()
            if row is None or not self._is_the_same_in(row):
                self.end()
                return False
            # This changes no row if the same secret was sealed with another key since it was read: then try once more.
            unchanged = self.lease.mine.filter(sealed_secret=row.sealed_secret)
            if unchanged.update(sealed_secret=row.sealed("secret", secret), **columns, **NO_LEASE):
                return True

    def _is_the_same_in(self, row: Connection) -> bool:
        try:
            return row.reveal_secret() == self.secret
        except SealBroken:
            # It was sealed again meanwhile, with a key that this process does not have.
            return False

    def kept(self, clock: Clock) -> AbstractContextManager[None]:
        """Lengthen the lease while inside, so that no other process asks the service as well."""
        return self.lease.kept(clock=clock, longest=LONGEST_RENEWAL)

    def end(self, **columns: Any) -> None:
        """End the lease without a new secret, and store `columns`."""
        self.lease.give_back(**columns)


def lease_secret(connection_id: int, *, now: datetime) -> SecretLease | None:
    """Take a lease. None while another process has one, or if the connection is gone. Raises SealBroken."""
    lease = take(Connection.objects.all(), key=connection_id, now=now)
    # Its owner may replace the secret at any moment, which ends the lease.
    connection = lease.mine.select_related("site", "owner").first() if lease else None
    if lease is None or connection is None:
        return None
    try:
        return SecretLease(connection, lease, connection.reveal_secret())
    except SealBroken:
        # The next process gets the same error at once, and does not wait for a lease under which nothing is done.
        lease.give_back()
        raise
