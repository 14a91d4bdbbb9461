"""How the threads of the web server use the database: connections from a pool, and a limited time for everything."""

from __future__ import annotations

from typing import Any

# For a connection from the pool: a free one, or a new one.
CONNECTION_SECONDS = 3.0
# As a pool keeps it without need.
IDLE_SECONDS = 60.0
# SQLite: for another process that writes.
LOCK_SECONDS = 5.0


def for_pages(config: dict[str, Any], *, threads: int) -> None:
    """Change an entry of DATABASES, before its first use, for a web server that has as many `threads`."""
    if "sqlite" in config["ENGINE"]:
        config["OPTIONS"]["timeout"] = LOCK_SECONDS
        # Each thread keeps its own: opening one takes as long as several queries.
        config["CONN_MAX_AGE"] = IDLE_SECONDS
        return
    # With SQLite no process loads psycopg, which takes some MiB.
    from mantik.server.patient_connection import PatientConnection

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
