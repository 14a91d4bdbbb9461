"""A year of many schedules with outages, on a clock of our own: every slot is as the oracle says."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Max

from mantik.accounts.models import User
from projects.models import Project
from runs.models import Run
from runs.states import RunState
from schedules.cron import choices
from schedules.models import Schedule, Slot
from tests.schedules.conftest import fire
from tests.schedules.firing.oracle import Life, Plan
from tests.support.factories import make_run, make_schedule
from tests.support.proofs import Proved, trials

BEGIN = datetime(2027, 1, 1, 0, 0, 20, tzinfo=UTC)
JULY = BEGIN + timedelta(days=182)
END = BEGIN + timedelta(days=365)
SCHEDULES = trials(150, 1000)
ZONES = 60


def plans(chance: random.Random) -> Iterator[Plan]:
    known = [choice.name for choice in choices(now=BEGIN)]
    changing = [
        name for name in known if BEGIN.astimezone(ZoneInfo(name)).dst() != JULY.astimezone(ZoneInfo(name)).dst()
    ]
    names = [*chance.sample(changing, ZONES - 15), *chance.sample(sorted(set(known) - set(changing)), 15)]
    for number in range(SCHEDULES):
        typed, end = expression(chance), date(2027, chance.randint(5, 12), chance.randint(1, 28))
        yield Plan(
            expression=typed,
            zone=ZoneInfo(names[number % ZONES]),
            # Not before the first due time.
            end_date=end if chance.random() < 0.3 and "10" not in typed else None,
            overlap=chance.choice(["allow", "skip", "skip", "cancel"]),
            missed=chance.choice(["skip", "one", "all"]),
            cap=chance.choice([1, 2, 5]),
            grace=timedelta(hours=chance.choice([1, 6, 48])),
            pause_after=chance.choice([0, 0, 2, 3]),
            most_per_day=chance.choice([None, None, 1, 3]),
            hours=chance.choice([1, 5, 30]),
            fails=frozenset(number for number in range(400) if chance.random() < 0.15),
        )


def expression(chance: random.Random) -> str:
    """Mostly on the hour, at night, where clocks are changed; few of them more than once a day."""
    minute = chance.choice(["0", "0", "0", "30", "0,30"])
    hour = str(chance.randint(0, 4)) if minute != "0,30" else "2"
    days = chance.choice(["* * 0", "* * 1", "1,15 * *", "*/7 * *", "1 * 5", "28-31 3,4,9-11 *", "* 3,10 SUN"])
    if chance.random() < 0.06:
        hour, days = chance.choice(["*/6", "*", "1-3"]), chance.choice(["* 3 0", "24-31 10 *", "1-7 4 0"])
    return f"{minute} {hour} {days}"


def ticks(chance: random.Random) -> Iterator[datetime]:
    """Every three hours or so, but for outages of up to nine days."""
    now = BEGIN
    while now < END:
        away = chance.choice([10, 26, 60, 220]) if chance.random() < 0.012 else chance.choice([1, 2, 2, 4, 6])
        now += timedelta(hours=away)
        yield now


@pytest.mark.timeout(trials(300, 1200))
@pytest.mark.parametrize("seed", range(7, 7 + trials(1, 5)))
def test_a_year_of_slots_is_as_the_oracle_says(
    transactional_db: None, project: Project, ada: User, proved: Proved, seed: int
) -> None:
    chance = random.Random(seed)
    run = make_run(RunState.FINISHED, project=project, created_by=ada)
    lives = {_store(plan, run).pk: Life(plan, BEGIN) for plan in plans(chance)}
    for life in lives.values():
        life.look_ahead(END + timedelta(days=10))
    site = _Site(lives)
    waiting = _Waiting(lives.values())
    for now in ticks(chance):
        site.end_runs(now)
        fire(now)
        site.take_new_runs(now)
        for life in waiting.take_due(now):
            life.tick(now)
    found: dict[int, dict[datetime, str]] = {key: {} for key in lives}
    for key, due_at, outcome in Slot.objects.values_list("schedule", "due_at", "outcome"):
        found[key][due_at] = outcome
    wrong = sum(found[key] != life.slots for key, life in lives.items())
    proved(years=1, schedules=SCHEDULES, slots=sum(map(len, found.values())), wrong_schedules=wrong)
    for key, life in lives.items():
        assert found[key] == life.slots, (life.plan, _difference(found[key], life.slots))
    outcomes = [outcome for slots in found.values() for outcome in slots.values()]
    assert {"fired", "missed", "skipped"} <= set(outcomes)
    assert len(outcomes) > 20 * SCHEDULES
    assert Run.objects.filter(slot__isnull=False).count() == outcomes.count("fired")
    paused = set(Schedule.objects.filter(state="paused").values_list("pk", flat=True))
    assert paused == {key for key, life in lives.items() if life.paused}
    assert paused


def _store(plan: Plan, run: Run) -> Schedule:
    return make_schedule(
        run=run,
        created_by=run.created_by,
        now=BEGIN,
        cron_expression=plan.expression,
        time_zone=plan.zone.key,
        end_date=plan.end_date,
        overlap=plan.overlap,
        missed=plan.missed,
        missed_cap=plan.cap,
        missed_grace=plan.grace,
        pause_after_failures=plan.pause_after,
        most_runs_per_day=plan.most_per_day,
    )


class _Site:
    """Ends runs when their plan says so."""

    def __init__(self, lives: dict[int, Life]) -> None:
        self._lives = lives
        self._count = dict.fromkeys(lives, 0)
        self._last = Run.objects.aggregate(Max("pk"))["pk__max"]
        self._running: list[tuple[datetime, int, RunState]] = []

    def take_new_runs(self, now: datetime) -> None:
        new = Run.objects.filter(pk__gt=self._last).order_by("slot__due_at", "pk")
        for key, schedule in new.values_list("pk", "slot__schedule"):
            plan = self._lives[schedule].plan
            state = RunState.FAILED if self._count[schedule] in plan.fails else RunState.FINISHED
            self._count[schedule] += 1
            heapq.heappush(self._running, (now + timedelta(hours=plan.hours), key, state))
            self._last = max(self._last, key)

    def end_runs(self, now: datetime) -> None:
        ended: dict[tuple[datetime, RunState], list[int]] = defaultdict(list)
        while self._running and self._running[0][0] <= now:
            at, key, state = heapq.heappop(self._running)
            ended[at, state].append(key)
        for (at, state), keys in ended.items():
            Run.objects.filter(pk__in=keys).update(state=state, ended_at=at, next_attempt_at=None)


class _Waiting:
    """Lives by their next due time: at most times there is nothing to ask of most of them."""

    def __init__(self, lives: Iterable[Life]) -> None:
        self._lives = [(life.due_times[0], number, life) for number, life in enumerate(lives) if life.due_times]
        heapq.heapify(self._lives)

    def take_due(self, now: datetime) -> Iterator[Life]:
        while self._lives and self._lives[0][0] <= now:
            _, number, life = heapq.heappop(self._lives)
            yield life
            if life.due_times:
                heapq.heappush(self._lives, (life.due_times[0], number, life))


def _difference(found: dict[datetime, str], expected: dict[datetime, str]) -> list[tuple[str, str | None, str | None]]:
    moments = sorted({*found, *expected})
    return [
        (f"{moment:%Y-%m-%d %H:%M}", found.get(moment), expected.get(moment))
        for moment in moments
        if found.get(moment) != expected.get(moment)
    ][:10]
