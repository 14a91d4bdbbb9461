"""The context of a run's page and of its live parts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.humanize import core_hours, relative_time, spoken_duration
from mantik.lib.live import Live, Shown
from projects.permissions import Action, may, role_of
from runs.following.job_lifetime import is_refused_more_time
from runs.following.kept_log import last_lines, log_remark
from runs.following.outcomes import may_change
from runs.models import Run
from runs.notes.services import may_edit
from runs.notes.shown import notes_panel
from runs.notes.stars import starred
from runs.pages.commits import commit_url
from runs.pages.fetched import fetched
from runs.pages.phases import Segment, phase_segments
from runs.pages.rows import again_url, model_of
from runs.pages.run_token import token_lines
from runs.pages.versions import LEAST, right_for
from runs.pages.waiting import Waiting, sites_now, waiting
from runs.registered_models.services import may_register, may_unregister, offers_model
from runs.results.artifacts import artifact_list
from runs.results.last_worked import since_it_last_worked
from runs.services import may_cancel, may_delete
from runs.states import FAILURES, RunState

MOST_EVENTS = 500
TABS = {
    "overview": "Overview",
    "log": "Log",
    "metrics": "Metrics",
    "artifacts": "Artifacts",
    "configuration": "Configuration",
    "events": "Events",
}
# What only Mantik's own jobs have.
_OF_JOBS = ("log", "configuration")


def tabs_of(run: Run) -> dict[str, str]:
    """The tabs that its page has, with their labels."""
    return {key: label for key, label in TABS.items() if not (run.is_local and key in _OF_JOBS)}


def run_page(run: Run, *, user: User | AnonymousUser, tab: str, path: str, now: datetime) -> dict[str, Any]:
    """Context of runs/detail.html; reads only what the chosen `tab` needs. `path` is a folder of artifacts."""
    return live_parts(run, user=user, now=now) | {
        "nav": "runs",
        "tab": tab,
        "tabs": _tabs(run, tab),
        "metrics_url": _url("metrics", run),
        "metric_points_url": _url("metric-points", run),
        "metrics_csv_url": _url("metrics-csv", run),
        **_tab_context(run, user, tab, path, now),
    }


def live_parts(
    run: Run, *, user: User | AnonymousUser, now: datetime, shown: Shown | None = None, version: str = ""
) -> dict[str, Any]:
    """Context of runs/_live.html: what changes while the run is active."""
    signed_in = user if user.is_authenticated else None
    held_up = waiting(run, now=now, sites=sites_now([run], now=now))
    of_relay = fetched(run)
    model = model_of(run)
    changes = may_change(run, now=now) or bool(of_relay and of_relay.line)
    registrable = model is None and offers_model(run)
    return {
        "project": run.project,
        "run": run,
        "waiting": held_up,
        "is_refused_more_time": is_refused_more_time(run, now=now),
        "fetched": of_relay,
        "live": _live(run, held_up, shown, version, now) if changes else None,
        "ending": _ending(run),
        "phases": _phases(run, now),
        "commit_url": commit_url(run),
        "again_url": again_url(run, run.project),
        "may_repeat": not run.is_local and may(user, Action.ADD_RUN, run.project),
        "may_cancel": bool(signed_in and may_cancel(signed_in, run)),
        "may_delete": bool(signed_in and may_delete(signed_in, run)),
        "model": model,
        "is_starred": run.pk in starred([run], user),
        "star_url": _url("star", run) if signed_in else None,
        "may_edit": bool(signed_in and may_edit(signed_in, run)),
        "may_register": bool(signed_in and registrable and may_register(signed_in, run)),
        "may_unregister": bool(model and may_unregister(user, model)),
    }


def _live(run: Run, held_up: Waiting | None, shown: Shown | None, version: str, now: datetime) -> Live:
    if shown is None:
        return Live()
    # "Next try in 40 s" counts down.
    lasts = LEAST if held_up and held_up.next_try else right_for([run], now=now)
    return shown.live(version, lasts=lasts)


def _ending(run: Run) -> dict[str, Any] | None:
    """How the run ended, and what shows it; None while it is active, and where the badge says it: it is finished.

    The site's words are left out if the sentence has them already.
    """
    if not run.is_terminal or not run.outcome or run.run_state is RunState.FINISHED:
        return None
    has_failed = run.run_state in FAILURES
    words = run.site_message if has_failed else ""
    return {
        "sentence": run.outcome,
        "has_failed": has_failed,
        "exit_code": run.exit_code if has_failed and "exit code" not in run.outcome.lower() else None,
        "line": run.outcome_line,
        "line_url": f"{_url('detail', run)}?tab=log#log-title",
        "site_words": "" if words in run.outcome else words,
    }


def _phases(run: Run, now: datetime) -> dict[str, Any]:
    segments = phase_segments(run, now=now)
    current = [segment for segment in segments if segment.key != "rest"][-1] if run.is_active else None
    return {
        "segments": segments,
        "captions": [_caption(run, segment, is_growing=segment is current) for segment in segments],
        "aside": _last_logged_line(run, now) if run.is_local else _core_hours_line(run, now),
    }


def _caption(run: Run, segment: Segment, *, is_growing: bool) -> dict[str, Any]:
    if is_growing:
        return {"tone": segment.tone, "text": segment.label, "length": timedelta(seconds=max(1, segment.seconds))}
    if segment.key == "rest" and run.runtime_limit:
        return {"tone": segment.tone, "text": f"Time limit {spoken_duration(run.runtime_limit)}"}
    return {"tone": segment.tone, "text": segment.words}


def _last_logged_line(run: Run, now: datetime) -> str:
    if run.is_terminal or run.last_logged_at is None:
        return ""
    return f"last logged {relative_time(run.last_logged_at, now=now)}"


def _core_hours_line(run: Run, now: datetime) -> str:
    if run.core_hours is not None:
        return f"{core_hours(run.core_hours)} used"
    if run.running_at is None:
        return ""
    used = run.core_hours_in(((run.ended_at or now) - run.running_at).total_seconds())
    if used is None:
        return ""
    so_far = core_hours(used)
    if run.is_terminal:
        return f"about {so_far}, estimated by Mantik"
    if run.core_hours_at_most is None:
        return f"{so_far} so far"
    return f"{so_far.removesuffix(' core-hours')} of {core_hours(run.core_hours_at_most)} so far"


def _tabs(run: Run, current: str) -> list[dict[str, Any]]:
    page = _url("detail", run)
    return [
        {
            "id": key,
            "label": label,
            "url": page if key == "overview" else f"{page}?tab={key}",
            "is_current": key == current,
        }
        for key, label in tabs_of(run).items()
    ]


def _tab_context(run: Run, user: User | AnonymousUser, tab: str, path: str, now: datetime) -> dict[str, Any]:
    if tab == "overview":
        # It tells strangers nothing, who may look at the runs of a public project.
        is_member = role_of(user, run.project) is not None
        tokens = token_lines(run, now=now) if is_member else []
        shown = notes_panel(run, user=user) | {"tokens": tokens}
        return shown if run.is_local else shown | {"log": _log(run), "last_worked": since_it_last_worked(run)}
    if tab == "log":
        return {} if run.is_local else {"log": _log(run)}
    if tab == "events":
        return _events(run)
    if tab == "artifacts":
        may_download = may(user, Action.DOWNLOAD_ARTIFACTS, run.project)
        return {
            "artifacts": artifact_list(run, path=path, may_download=may_download),
            "may_download": may_download,
        }
    return {}


def _events(run: Run) -> dict[str, Any]:
    return {
        "events": run.events.select_related("actor").order_by("-pk")[:MOST_EVENTS],
        "more_events": max(0, run.events.count() - MOST_EVENTS),
    }


def _log(run: Run) -> dict[str, Any]:
    return {
        "url": _url("log", run),
        "raw_url": _url("raw-log", run),
        "tail": last_lines(run),
        "remark": log_remark(run),
    }


def _url(name: str, run: Run) -> str:
    return reverse(f"runs:{name}", kwargs={"slug": run.project.slug, "uuid": run.uuid})
