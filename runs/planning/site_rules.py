"""Finds what the site of a connection would refuse, to be shown at the fields of a form before anything is sent.

The rules are what the site said at the last successful test of the connection. They may be out of date: somebody who
knows better ticks "Run anyway" (of a schedule: "Save anyway"), and the site decides. It also decides about the runs
that a schedule starts, and about commits that are read later: there is nobody to ask, and the site's answer is newer
than what Mantik knows.
"""

from __future__ import annotations

from connections.models import Connection
from runs.backend_config import ACCOUNT, BackendConfig, check_against_queues

CONFIG = "backend_config_path"
# The field for "Run anyway" and "Save anyway".
RUN_ANYWAY = "run_anyway"


def refused_by_site(config: BackendConfig, *, connection: Connection, account: str) -> dict[str, list[str]]:
    """Sentences by form field, ACCOUNT or CONFIG. Empty if nothing would be refused, or nothing is known."""
    found: dict[str, list[str]] = {}
    for problem in check_against_queues(
        config, connection.queue_limits, compute_budget_account=account or None, site=connection.provider
    ):
        found.setdefault(ACCOUNT if problem.key == ACCOUNT else CONFIG, []).append(problem.message)
    return found
