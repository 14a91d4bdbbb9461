"""What becomes of the instants that have come: pure rules, no database, no clock.

Nearly always it is one instant, just now. It is more after Mantik was down, and then the schedule's own rules say
which of them are made up for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from mantik.lib.humanize import spoken_duration
from schedules.cron import shortest_gap
from schedules.firing.timing import Timing, fire_moment
from schedules.states import CatchUp, Outcome, Overlap

# An instant that is acted upon within this time was not missed.
PUNCTUAL = timedelta(seconds=60)
# So many instants of one schedule are dealt with at once; the rest right after.
MOST_AT_ONCE = 500
WAS_PAUSED = "It was paused."


@dataclass(frozen=True)
class Rules:
    uuid: UUID
    timing: Timing
    overlap: Overlap
    missed: CatchUp
    missed_cap: int
    missed_grace: timedelta
    jitter_seconds: int

    def fires_at(self, due: datetime) -> datetime:
        return fire_moment(self.uuid, due, self.jitter_seconds)


@dataclass(frozen=True)
class Verdict:
    """`outcome` is what becomes of the instant `due`; None: it is to run. `reason` is a sentence for the member."""

    due: datetime
    reason: str
    outcome: Outcome | None = None


@dataclass(frozen=True)
class DueTimes:
    """The instants that have come, ascending, and the one that is next (None: none is left)."""

    verdicts: tuple[Verdict, ...]
    next_due: datetime | None


def what_has_come(rules: Rules, *, next_due: datetime, now: datetime) -> DueTimes:
    """Judges the instants from `next_due`, which is one, to `now`. At most MOST_AT_ONCE of them."""
    come, following = _pending(rules, next_due, now)
    if len(come) > MOST_AT_ONCE:
        # None of those that can still be made up for is among them: these are the last.
        sure, rest = come[: -rules.missed_cap], come[-rules.missed_cap :]
        return DueTimes(
            tuple(_missed(due, "Mantik was not running, and many instants came since.") for due in sure), rest[0]
        )
    return DueTimes(tuple(_judge(rules, come, now)), following)


def what_was_held(rules: Rules, *, since: datetime, catch_up: CatchUp, now: datetime) -> DueTimes:
    """Judges the instants later than `since` at which the schedule was paused, now that somebody resumes it.

    `catch_up` is what they wish: it has no grace, for they know how late it is.
    """
    held = came_since(rules.timing, since=since, now=now)
    most = {CatchUp.SKIP: 0, CatchUp.ONE: 1, CatchUp.ALL: rules.missed_cap}[catch_up]
    if rules.overlap != Overlap.ALLOW:
        most = min(most, 1)
    first = len(held) - most
    verdicts = [
        Verdict(due, WAS_PAUSED, Outcome.HELD) if number < first else Verdict(due, _why_late(now - due))
        for number, due in enumerate(held)
    ]
    return DueTimes(tuple(verdicts), rules.timing.next_after(now))


def came_since(timing: Timing, *, since: datetime, now: datetime) -> list[datetime]:
    """The instants later than `since` up to `now`: of more than MOST_AT_ONCE the latest."""
    window = shortest_gap(timing.cron) * MOST_AT_ONCE
    while True:
        begin = since if now - since <= window else now - window
        come = deque(timing.instants(after=begin, until=now), maxlen=MOST_AT_ONCE)
        if begin == since or len(come) == MOST_AT_ONCE:
            return list(come)
        # They may lie closer in some hours than in others.
        window *= 2


def _pending(rules: Rules, next_due: datetime, now: datetime) -> tuple[list[datetime], datetime | None]:
    """As many as one may need to know which are the last `missed_cap`; the last of them is not the next.

    That the first is to be acted upon says its row: its random delay may have been cut short.
    """
    come = [next_due]
    due = rules.timing.next_after(next_due)
    while due is not None and rules.fires_at(due) <= now and len(come) < MOST_AT_ONCE + rules.missed_cap:
        come.append(due)
        due = rules.timing.next_after(due)
    return come, due


def _judge(rules: Rules, come: Sequence[datetime], now: datetime) -> list[Verdict]:
    wanted = set(_wanted(rules, come, now))
    last = max(wanted, default=None)
    verdicts = []
    for due in come:
        late = now - rules.fires_at(due)
        if due not in wanted:
            verdicts.append(_missed(due, _why_missed(rules, late)))
        elif due != last and rules.overlap != Overlap.ALLOW:
            reason = "Skipped: a later instant is made up for, and runs of this schedule do not overlap."
            verdicts.append(Verdict(due, reason, Outcome.SKIPPED))
        else:
            verdicts.append(Verdict(due, _why_run(late)))
    return verdicts


def _wanted(rules: Rules, come: Sequence[datetime], now: datetime) -> Sequence[datetime]:
    """The instants that are to run."""
    if rules.missed == CatchUp.SKIP:
        return [due for due in come if now - rules.fires_at(due) < PUNCTUAL]
    most = 1 if rules.missed == CatchUp.ONE else rules.missed_cap
    return [due for due in come[-most:] if now - rules.fires_at(due) < max(PUNCTUAL, rules.missed_grace)]


def _why_run(late: timedelta) -> str:
    if late < PUNCTUAL:
        return "Started on time."
    return f"Started {spoken_duration(late)} late: Mantik was not running at that time."


def _why_late(late: timedelta) -> str:
    return f"Started {spoken_duration(late)} late: the schedule was paused at that time."


def _why_missed(rules: Rules, late: timedelta) -> str:
    begin = f"Mantik was not running; it was back {spoken_duration(late)} later."
    if rules.missed == CatchUp.SKIP:
        return f"{begin} This schedule does not make up for missed instants."
    if late >= rules.missed_grace:
        return f"{begin} That is longer than {spoken_duration(rules.missed_grace)}, up to which it is made up for."
    if rules.missed == CatchUp.ONE:
        return f"{begin} Only the latest of the missed instants was made up for."
    return f"{begin} Only the latest {rules.missed_cap} of the missed instants were made up for."


def _missed(due: datetime, reason: str) -> Verdict:
    return Verdict(due, reason, Outcome.MISSED)
