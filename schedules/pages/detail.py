"""What the page of a schedule shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.humanize import counted, spoken_duration, utc_offset, zone_name
from mantik.lib.paging import page_by
from projects.permissions import Action, may
from runs.states import FAILURES
from schedules.cron import CronError, ZoneError, count_until
from schedules.firing.due import MOST_DUE_TIMES
from schedules.firing.preconditions import owner_of
from schedules.firing.timing import Timing, stored_timing
from schedules.models import Schedule, Slot
from schedules.pages.filters import SlotFilter
from schedules.pages.forecast import Forecast, forecast
from schedules.pages.rows import shown_at, words_of
from schedules.pages.trends import trends
from schedules.services.schedules import may_edit
from schedules.states import CatchUp, Outcome

SLOTS_PER_PAGE = 25
# Texts of runs that a list of slots does not show.
_LONG = tuple(f"run__{name}" for name in ("mlproject_content", "backend_config_content", "job_script", "site_message"))


def schedule_page(schedule: Schedule, *, user: User | AnonymousUser, query: QueryDict, now: datetime) -> dict[str, Any]:
    """Context of schedules/detail.html."""
    filters = SlotFilter(query, path=_url("detail", schedule))
    slots = filters.apply(schedule.slots.all()).select_related("run", "asked_by").defer(*_LONG)
    page = page_by("due_at", slots, cursor=query.get("page", ""), size=SLOTS_PER_PAGE)
    return {
        "project": schedule.project,
        "nav": "schedules",
        "schedule": schedule,
        "words": words_of(schedule),
        "next": _next(schedule),
        "owner": owner_of(schedule),
        "connection_ends_at": schedule.connection.final_end(now) if schedule.connection else None,
        "forecast": _forecast(schedule, user, now),
        "policies": _policies(schedule),
        "filters": filters,
        "slots": [_slot_row(schedule, slot) for slot in page.rows],
        "page": page,
        "trends": trends(schedule),
        "may_edit": user.is_authenticated and may_edit(user, schedule),
        "may_add": may(user, Action.ADD_SCHEDULE, schedule.project),
    }


def timing_or_none(schedule: Schedule) -> Timing | None:
    """None if this version of Mantik, or this machine's time zones, no longer accept it."""
    try:
        return stored_timing(schedule)
    except (CronError, ZoneError):
        return None


def _forecast(schedule: Schedule, user: User | AnonymousUser, now: datetime) -> Forecast | None:
    """The budget that a site reported is shown only to the owner of the connection."""
    timing = timing_or_none(schedule)
    if timing is None or not schedule.is_enabled:
        return None
    connection = schedule.connection
    is_own = connection is not None and connection.owner_id == user.pk
    account = schedule.compute_budget_account if is_own else ""
    return forecast(timing, run=schedule.run, connection=connection, account=account, now=now)


def _next(schedule: Schedule) -> dict[str, Any] | None:
    """`day` is set large; `rest` is the zone with its abbreviation and offset."""
    due = schedule.next_due_at
    if due is None:
        return None
    try:
        local = due.astimezone(schedule.zone)
    except ZoneError:
        local = due
    name, offset = zone_name(local), utc_offset(local)
    zone = offset if name in (offset, schedule.time_zone) else f"{name} ({offset})"
    return {
        "at": due,
        "day": f"{local:%a} {local.day} {local:%b}, {local:%H:%M}",
        "rest": f"{schedule.time_zone} {zone}",
    }


def _slot_row(schedule: Schedule, slot: Slot) -> dict[str, Any]:
    run = slot.run
    return {
        "badge": slot.badge,
        "due": shown_at(schedule, slot.due_at),
        "reason": _reason(slot),
        "run": run,
        "run_url": reverse("runs:detail", args=[schedule.project.slug, run.uuid]) if run else None,
        "is_gone": run is None and slot.outcome == Outcome.FIRED,
    }


def _reason(slot: Slot) -> str:
    """The reason of the slot, preceded by how its run failed, if it did."""
    run = slot.run
    if run is None or run.state not in FAILURES or not run.outcome:
        return slot.reason
    return f"{run.badge.label}: {run.outcome.rstrip('.')}. {slot.reason}"


def _policies(schedule: Schedule) -> list[tuple[str, str]]:
    caught_up, late = schedule.get_missed_display(), spoken_duration(schedule.missed_grace)
    if schedule.missed == CatchUp.ONE or (schedule.missed == CatchUp.ALL and schedule.missed_cap == 1):
        caught_up = f"{CatchUp.ONE.label}, at most {late} late"
    elif schedule.missed == CatchUp.ALL:
        caught_up = f"Run at most the latest {schedule.missed_cap}, and none more than {late} late"
    failures, most = schedule.pause_after_failures, schedule.most_runs_per_day
    jitter = schedule.jitter_seconds
    return [
        ("Code", schedule.get_code_policy_display()),
        ("If the previous run is still active", schedule.get_overlap_display()),
        ("Missed due times", caught_up),
        ("Failures", f"pauses after {counted(failures, 'failure')} in a row" if failures else "never pause it"),
        ("Runs a day", f"at most {most}" if most else "no limit"),
        ("Random delay", f"up to {jitter} s" if jitter else "none"),
    ]


def _url(name: str, schedule: Schedule) -> str:
    return reverse(f"schedules:{name}", args=[schedule.project.slug, schedule.uuid])


def due_in_pause(schedule: Schedule, *, now: datetime) -> str:
    """ "During the pause it was due 12 times.", "… once."; "" if it was not due since its due times were dealt with."""
    timing = timing_or_none(schedule)
    if timing is None:
        return "How often it was due during the pause cannot be computed."
    since = schedule.dealt_with_until
    found = count_until(timing.cron, timing.zone, after=since, until=min(now, timing.until), cap=MOST_DUE_TIMES + 1)
    if not found:
        return ""
    if found > MOST_DUE_TIMES:
        return f"During the pause it was due more than {MOST_DUE_TIMES} times."
    return f"During the pause it was due {'once' if found == 1 else f'{found} times'}."
