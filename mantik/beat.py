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
        # Mail that the mail server did not take, or whose message was lost.
        "Sweep letters": _every(60, "mantik.notices.tasks.sweep_letters"),
        # Code repositories somebody asked to fetch, where the message was lost.
        "Sweep fetches of code": _every(60, "projects.tasks.sweep_fetches"),
    }


def _every(seconds: int, task: str) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": timedelta(seconds=seconds),
        "options": {"expire_seconds": seconds},
    }
