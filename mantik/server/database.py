"""How the threads of the web server use the database: connections from a pool, and a limited time for everything."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen

from mantik.lib.database_loss import Silent

# For one statement. What takes longer is cancelled: a page that is so slow helps nobody, and a statement that waits for
# a lock is most likely waiting for something that hangs.
STATEMENT_SECONDS = 10.0
# For what cancels it, and then for its end. A server that is alive does both at once.
CANCEL_SECONDS = 2.0
# For a connection from the pool: a free one, or a new one.
CONNECTION_SECONDS = 3.0
# As a pool keeps it without need.
IDLE_SECONDS = 60.0
# SQLite: for another process that writes.
LOCK_SECONDS = 5.0

R = TypeVar("R")


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


def for_pages(config: dict[str, Any], *, threads: int) -> None:
    """Change an entry of DATABASES, before its first use, for a web server that has as many `threads`."""
    if "sqlite" in config["ENGINE"]:
        config["OPTIONS"]["timeout"] = LOCK_SECONDS
        return
    # The pool keeps connections, and looks at each of them before it is used.
    config["CONN_MAX_AGE"], config["CONN_HEALTH_CHECKS"] = 0, True
    config["OPTIONS"]["pool"] = {
        "connection_class": PatientConnection,
        "min_size": 1,
        "max_size": threads,
        "timeout": CONNECTION_SECONDS,
        "max_idle": IDLE_SECONDS,
        "reconnect_timeout": CONNECTION_SECONDS,
    }
