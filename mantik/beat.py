"""The periodic tasks of Mantik.

Each is a sweep: it finds in the database what is due and hands it to workers in batches. Running it twice, or late, or
not at all for a while only changes how long things take.

Every message expires when the next one of its kind comes: that of a sweep after the sweep's period, and that of another
task after the period of the sweep that sends it again (`FOUND_AGAIN_BY`). So nothing piles up behind workers that are
down or busy, and no sweep has to wait for its own earlier messages.

A message expires some seconds later than that (`APART`): its end is set by the sender's clock, and a worker whose clock
is ahead would drop all messages.

What a killed worker was working on is due again when its lease is over (`mantik/lib/leases.py`). Sweeps of rows with
leases come at least every ten seconds, so that it continues soon after that; those of fetches and of e-mail less often.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mantik.lib.clocks import APART

# By task that is sent besides the sweeps: the sweep that finds the same work if the message is lost.
FOUND_AGAIN_BY = {
    "runs.tasks.submit_next": "runs.tasks.sweep_submissions",
    "runs.tasks.follow_connection": "runs.tasks.sweep_following",
    "runs.tasks.carry": "runs.tasks.sweep_carrying",
    "runs.tasks.carry_large": "runs.tasks.sweep_carrying",
    "runs.tasks.read_summaries": "runs.tasks.sweep_summaries",
    "runs.tasks.tend_model": "runs.tasks.sweep_models",
    "connections.tasks.probe_sites": "connections.tasks.sweep_outages",
    "connections.tasks.renew_connection": "connections.tasks.sweep_renewals",
    "connections.tasks.test_again": "connections.tasks.sweep_refused",
    "connections.tasks.test_connection": "connections.tasks.sweep_tests",
    "projects.tasks.fetch_code_repository": "projects.tasks.sweep_fetches",
    "mantik.notices.tasks.send_letter": "mantik.notices.tasks.sweep_letters",
}


# By task that an open page sends again and again: after how many seconds nobody waits for an answer any more.
ASKED_BY_PAGES = {"runs.tasks.list_models": 30}


def message_expiry() -> dict[str, int]:
    """After how many seconds the message of each task is dropped if no worker has taken it."""
    periods = {entry["task"]: entry["options"]["expire_seconds"] for entry in beat_schedule().values()}
    return periods | {task: periods[sweep] for task, sweep in FOUND_AGAIN_BY.items()} | ASKED_BY_PAGES


def beat_schedule() -> dict[str, dict[str, Any]]:
    """An entry of CELERY_BEAT_SCHEDULE per sweep; the beat process keeps them as rows an operator can see."""
    return {
        # Runs whose message the broker lost, or whose submission is tried again.
        "Sweep submissions": _every(5, "runs.tasks.sweep_submissions"),
        # Jobs that are due to be asked about. A notification makes a job due at once; this is how soon that shows.
        "Sweep jobs": _every(2, "runs.tasks.sweep_following"),
        # What trainings log to the relays of their jobs, while they run and after that.
        "Sweep what trainings log": _every(2, "runs.tasks.sweep_carrying"),
        # Runs whose metrics are read from MLflow: those from before Mantik kept them, and direct ones at their end.
        "Sweep summaries of runs": _every(20, "runs.tasks.sweep_summaries"),
        # Sites that did not answer: whether they are back.
        "Sweep silent sites": _every(2, "connections.tasks.sweep_outages"),
        # Models that are being registered or unregistered, and, each hour, whether MLflow still has the others.
        "Sweep models": _every(10, "runs.tasks.sweep_models"),
        # MLflow runs that are to be deleted with their runs.
        "Sweep deleted runs": _every(60, "runs.tasks.sweep_retired_runs"),
        # E-mail that the mail server did not take, or whose message was lost. A killed worker may have sent its letter,
        # so there is no hurry.
        "Sweep letters": _every(60, "mantik.notices.tasks.sweep_letters"),
        # Sessions that have ended.
        "Sweep sessions": _every(3600, "mantik.accounts.tasks.sweep_sessions"),
        # Keys of requests that nobody will send again.
        "Sweep keys of requests": _every(3600, "mantik.idempotency.tasks.sweep_keys"),
        # Code repositories somebody asked to fetch, where the message was lost.
        "Sweep fetches of code": _every(20, "projects.tasks.sweep_fetches"),
        # Keys of killed fetches, and copies of code repositories that were deleted.
        "Clear up mirrors": _every(300, "projects.tasks.clear_up_mirrors"),
        # Experiments that MLflow has under an old name, or still has.
        "Sweep experiments": _every(60, "projects.tasks.sweep_experiments"),
        # Tokens of sites past half of their life, and refresh tokens that expire when they are not used.
        "Sweep renewals of tokens": _every(10, "connections.tasks.sweep_renewals"),
        # Secrets of connections that expire soon: notifies their owners.
        "Sweep ends of secrets": _every(3600, "connections.tasks.sweep_ends"),
        # Tests of connections that somebody waits for, where the message was lost or the site had no place.
        "Sweep tests of connections": _every(5, "connections.tasks.sweep_tests"),
        # Refused logins that runs wait for: the fault may have been the site's.
        "Sweep refused logins": _every(1800, "connections.tasks.sweep_refused"),
        # Runs of schedules that have ended: several failures in a row pause the schedule.
        "Sweep ends of scheduled runs": _every(30, "schedules.tasks.sweep_ends"),
        # Schedules that an operator switched with a bulk action of the admin.
        "Sweep switches of schedules": _every(300, "schedules.tasks.sweep_switches"),
    }


def _every(seconds: int, task: str) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": timedelta(seconds=seconds),
        "options": {"expire_seconds": seconds + int(APART.total_seconds())},
    }
