"""A connection of the web server to PostgreSQL, which waits for nothing for ever."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen

# For one statement. What takes longer is cancelled: a page that is so slow helps nobody, and a statement that waits for
# a lock is most likely waiting for something that hangs.
STATEMENT_SECONDS = 10.0
# For what cancels it, and then for its end. A server that is alive does both at once.
CANCEL_SECONDS = 2.0

R = TypeVar("R")


class Silent(psycopg.OperationalError):
    """The server has taken a statement, but answers neither that nor the request to cancel it."""


class PatientConnection(psycopg.Connection[Any]):
    """Waits for no answer longer than STATEMENT_SECONDS. Raises QueryCanceled after that, or Silent."""

    def wait(self, gen: PQGen[R], interval: float = 0.1, timeout: float | None = None) -> R:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, STATEMENT_SECONDS)
        except errors._WaitTimeout:
            return self._cancel(gen, interval)

    def _cancel(self, gen: PQGen[R], interval: float) -> R:
        """The answer if it has come after all; otherwise the server says that it has cancelled the statement."""
        try:
            self.cancel_safe(timeout=CANCEL_SECONDS)
            return super().wait(gen, interval, CANCEL_SECONDS)
        except psycopg.OperationalError as error:
            if error.sqlstate:
                raise
            self.pgconn.finish()
            raise Silent("The server has answered neither a statement nor the request to cancel it.") from None
