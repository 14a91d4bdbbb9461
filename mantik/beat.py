"""All that the clock starts, in one place.

Each is a sweep: it finds in the database what is due and hands it out in batches, so running it twice, or
late, or not at all for a while, changes nothing but the time things take. A message that was not picked up
until the next one is sent is dropped, so that sweeps never pile up behind a worker that is down.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def beat_schedule() -> dict[str, dict[str, Any]]:
    """An entry of CELERY_BEAT_SCHEDULE per sweep; the beat process keeps them as rows an operator can see."""
    return {
        # Runs whose message the broker lost, or whose pause is over.
        "Sweep submissions": _every(5, "runs.tasks.sweep_submissions"),
        # Jobs that are due to be asked about. A notification makes its job due at once, and this bounds how
        # soon that shows.
        "Sweep jobs": _every(2, "runs.tasks.sweep_following"),
        # Models that are being registered or unregistered, and, each hour, whether MLflow still has the others.
        "Sweep models": _every(10, "runs.tasks.sweep_models"),
        # Mail that the mail server did not take, or whose message was lost.
        "Sweep letters": _every(60, "mantik.notices.tasks.sweep_letters"),
        # Rows of sessions that are over.
        "Sweep sessions": _every(3600, "mantik.accounts.tasks.sweep_sessions"),
        # Keys of requests that nobody will send again.
        "Sweep keys of requests": _every(3600, "mantik.idempotency.tasks.sweep_keys"),
        # Code repositories somebody asked to fetch, where the message was lost.
        "Sweep fetches of code": _every(20, "projects.tasks.sweep_fetches"),
        # Keys of killed fetches, and copies of code repositories that were deleted.
        "Clear up mirrors": _every(300, "projects.tasks.clear_up_mirrors"),
        # Experiments that MLflow has under an old name, or still has.
        "Sweep experiments": _every(60, "projects.tasks.sweep_experiments"),
        # Tokens of sites at half of their life, and refresh tokens that end when nobody uses them.
        "Sweep renewals of tokens": _every(300, "connections.tasks.sweep_renewals"),
        # Secrets of connections that end soon: their owners are told.
        "Sweep ends of secrets": _every(3600, "connections.tasks.sweep_ends"),
        # Logins that were refused and that runs wait for: the site may have been the one that was ill.
        "Sweep refused logins": _every(1800, "connections.tasks.sweep_refused"),
        # Runs of schedules that are over: so many failures in a row pause the schedule.
        "Sweep ends of scheduled runs": _every(30, "schedules.tasks.sweep_ends"),
        # Rows of schedules that an operator has switched with a bulk action of the admin.
        "Sweep switches of schedules": _every(300, "schedules.tasks.sweep_switches"),
    }


def _every(seconds: int, task: str) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": timedelta(seconds=seconds),
        "options": {"expire_seconds": seconds},
    }
