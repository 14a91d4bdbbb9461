"""What the site of a connection would refuse, told before anything is sent, at the fields of a form.

It is refused by what the site said when the connection was tested. That may be old: a person who knows better says
"run anyway", and then it is the site that decides. So it does for schedules that fire and for commits that are read
later: nobody is there to be asked, and what the site says then is newer than what we know.
"""

from __future__ import annotations

from connections.models import Connection
from runs.backend_config import ACCOUNT, BackendConfig, check_against_queues

CONFIG = "backend_config_path"
# The field by which a person says so.
RUN_ANYWAY = "run_anyway"


def refused_by_site(config: BackendConfig, *, connection: Connection, account: str) -> dict[str, list[str]]:
    """Sentences by form field, ACCOUNT or CONFIG. Empty if it fits, or if nothing is known."""
    found: dict[str, list[str]] = {}
    for problem in check_against_queues(
        config, connection.queue_limits, compute_budget_account=account or None, site=connection.provider
    ):
        found.setdefault(ACCOUNT if problem.key == ACCOUNT else CONFIG, []).append(problem.message)
    return found
