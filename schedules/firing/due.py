"""What to do at due times that have come: pure rules, no database, no clock.

Nearly always one due time has come, just now. After Mantik was down there are more, and the schedule's own rules say
which of them it catches up on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from mantik.lib.humanize import counted, spoken_duration, utc_minute
from schedules.cron import shortest_gap
from schedules.firing.timing import Timing, fire_moment
from schedules.states import CatchUp, Outcome, Overlap

# A due time that is dealt with within this time was not missed.
PUNCTUAL = timedelta(seconds=60)
# If a run started later than this, its slot says how late. The clocks of two machines may differ by as much.
WORTH_SAYING = timedelta(seconds=5)
# How many due times of one schedule are dealt with in one transaction. If Mantik missed more, the next transaction goes
# on with the rest; if more were held or forgotten, only the latest get a slot (`came_since`).
MOST_DUE_TIMES = 500
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
    """What happens at the due time `due`: a run if `outcome` is None. `reason` is a sentence for the member."""

    due: datetime
    reason: str
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Judgement:
    """What happens at the due times that have come, oldest first, and the next due time (None: there is none)."""

    verdicts: tuple[Verdict, ...]
    next_due: datetime | None


def what_has_come(rules: Rules, *, next_due: datetime, now: datetime) -> Judgement:
    """Judge the due times from `next_due` (included) to `now`, at most MOST_DUE_TIMES of them."""
    come, following = _pending(rules, next_due, now)
    if len(come) > MOST_DUE_TIMES:
        # All but the last `missed_cap` of these are too old to be caught up on. The next transaction judges the rest.
        sure, rest = come[: -rules.missed_cap], come[-rules.missed_cap :]
        reason = "Mantik was not running, and more due times passed than can be caught up on."
        return Judgement(tuple(_missed(due, reason) for due in sure), rest[0])
    return Judgement(tuple(_judge(rules, come, now)), following)


def what_was_held(rules: Rules, *, since: datetime, catch_up: CatchUp, now: datetime) -> Judgement:
    """Judge the due times later than `since`, during a pause that somebody ends now.

    `catch_up` is that person's choice. It has no age limit: they know how late the runs are.
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
    return Judgement(tuple(verdicts), rules.timing.next_after(now))


def what_was_forgotten(rules: Rules, *, next_due: datetime, why: str, now: datetime) -> Judgement:
    """Give the due times from `next_due` (included) to `now` the outcome "Not known", with `why` as the reason.

    If they are more than MOST_DUE_TIMES, only the latest get one, and the first of these says how many have none.
    """
    found = came_since(rules.timing, since=next_due - timedelta.resolution, now=now)
    # The first is due because its row says so, as in `_pending`.
    come = [due for due in found if due == next_due or rules.fires_at(due) <= now] or [next_due]
    verdicts = [Verdict(due, why, Outcome.UNKNOWN) for due in come]
    if left_out := rules.timing.count(begin=next_due, end=come[0]):
        more = f"The same holds for {counted(left_out, 'earlier due time')} of this schedule without a slot; the first"
        more += f" was {utc_minute(next_due)}."
        verdicts[0] = Verdict(come[0], f"{why} {more}", Outcome.UNKNOWN)
    return Judgement(tuple(verdicts), rules.timing.next_after(come[-1]))


def came_since(timing: Timing, *, since: datetime, now: datetime) -> list[datetime]:
    """The due times later than `since` up to `now`, at most the latest MOST_DUE_TIMES."""
    window = shortest_gap(timing.cron) * MOST_DUE_TIMES
    while True:
        begin = since if now - since <= window else now - window
        come = deque(timing.due_times(after=begin, until=now), maxlen=MOST_DUE_TIMES)
        if begin == since or len(come) == MOST_DUE_TIMES:
            return list(come)
        # Due times may be closer in some hours than in others.
        window *= 2


def _pending(rules: Rules, next_due: datetime, now: datetime) -> tuple[list[datetime], datetime | None]:
    """The due times that have come, oldest first, and the first one beyond them.

    At most MOST_DUE_TIMES + `missed_cap`: if there are more than MOST_DUE_TIMES, all but the last `missed_cap` of them
    are surely too old to be caught up on.

    The first is due because its row says so, even if its random delay is not over: an edit of the schedule starts it at
    once (`_end_delay` in `schedules/services/schedules.py`).
    """
    come = [next_due]
    due = rules.timing.next_after(next_due)
    while due is not None and rules.fires_at(due) <= now and len(come) < MOST_DUE_TIMES + rules.missed_cap:
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
            reason = "Skipped: a later due time is caught up on, and runs of this schedule do not overlap."
            verdicts.append(Verdict(due, reason, Outcome.SKIPPED))
        else:
            verdicts.append(Verdict(due, _why_run(late)))
    return verdicts


def _wanted(rules: Rules, come: Sequence[datetime], now: datetime) -> Sequence[datetime]:
    """The due times at which a run is started now."""
    if rules.missed == CatchUp.SKIP:
        return [due for due in come if now - rules.fires_at(due) < PUNCTUAL]
    most = 1 if rules.missed == CatchUp.ONE else rules.missed_cap
    return [due for due in come[-most:] if now - rules.fires_at(due) < max(PUNCTUAL, rules.missed_grace)]


def _why_run(late: timedelta) -> str:
    if late <= WORTH_SAYING:
        return "Started on time."
    if late < PUNCTUAL:
        return f"Started {spoken_duration(late)} late."
    return f"Started {spoken_duration(late)} late: Mantik was not running at that time."


def _why_late(late: timedelta) -> str:
    return f"Started {spoken_duration(late)} late: the schedule was paused at that time."


def _why_missed(rules: Rules, late: timedelta) -> str:
    begin = f"Mantik was not running; it was back {spoken_duration(late)} later."
    if rules.missed == CatchUp.SKIP:
        return f"{begin} This schedule does not catch up on missed runs."
    if late >= rules.missed_grace:
        return f"{begin} Runs older than {spoken_duration(rules.missed_grace)} are not caught up on."
    if rules.missed == CatchUp.ONE or rules.missed_cap == 1:
        return f"{begin} Mantik caught up on only the latest missed run."
    return f"{begin} Mantik caught up on only the latest {rules.missed_cap} missed runs."


def _missed(due: datetime, reason: str) -> Verdict:
    return Verdict(due, reason, Outcome.MISSED)
