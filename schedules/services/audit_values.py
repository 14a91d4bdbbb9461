"""A schedule in plain values, for the audit."""

from __future__ import annotations

from typing import Any

from mantik.lib.humanize import spoken_duration
from schedules.models import Schedule


def audit_values(schedule: Schedule) -> dict[str, Any]:
    connection = schedule.connection
    return {
        "name": schedule.name,
        "repeats": f"{schedule.run.name} ({schedule.run.short_id})" if schedule.run else "a run that was deleted",
        "connection": f"{connection.name} of {connection.owner.username}" if connection else "none",
        "compute budget account": schedule.compute_budget_account,
        "cron expression": schedule.cron_expression,
        "time zone": schedule.time_zone,
        "end date": schedule.end_date.isoformat() if schedule.end_date else "none",
        "code": schedule.get_code_policy_display(),
        "overlap": schedule.get_overlap_display(),
        "missed runs": schedule.get_missed_display(),
        "catches up at most": schedule.missed_cap,
        "catches up runs younger than": spoken_duration(schedule.missed_grace),
        "random delay in seconds": schedule.jitter_seconds,
        "pauses after failures": schedule.pause_after_failures or "never",
        "most runs a day": schedule.most_runs_per_day or "any number",
    }
