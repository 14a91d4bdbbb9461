"""Real beats whose clock is set forwards and backwards while they run."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db.models import Min
from django.utils import timezone

from runs.models import Run
from runs.states import RunState
from schedules.models import Schedule, Slot
from tests.schedules.firing.wrong_clock import read_clock, set_clock
from tests.support.proofs import Proved, trials
from tests.support.schedules import Beats, kill, make_many
from tests.support.waiting import wait_until

STEPS = trials(5, 8)
SCHEDULES = 20
MINUTE = timedelta(minutes=1)

pytestmark = [pytest.mark.any_database, pytest.mark.timeout(120 + 20 * STEPS)]


def steps(chance: random.Random) -> Iterator[timedelta]:
    """By how much the clock is wrong from now on. Every other step leads further than the clock has ever been."""
    furthest = timedelta(0)
    for number in range(STEPS):
        if number % 2:
            yield furthest - timedelta(minutes=chance.choice([1, 3, 60, 24 * 60]), seconds=chance.randint(0, 59))
        else:
            # Once, by more due times than are dealt with at once.
            furthest += timedelta(minutes=520 if number == STEPS // 2 else chance.randint(1, 20))
            yield furthest


@pytest.mark.parametrize("seed", range(1, 1 + trials(1, 10)))
@pytest.mark.parametrize("beside", [0, 1])
def test_a_clock_that_is_set_costs_no_due_time_and_repeats_none(
    launched: Beats, template: Schedule, tmp_path: Path, proved: Proved, beside: int, seed: int
) -> None:
    """`beside` it runs a beat with the right time."""
    clock = tmp_path / "clock"
    set_clock(clock, timedelta(0))
    keys, begin = _every_minute(template)
    beat = launched.start(clock)
    for _ in range(beside):
        launched.start()
    for number, wrong_by in enumerate(steps(random.Random(seed))):
        set_clock(clock, wrong_by)
        if number % 3 == 2:
            kill(beat)
            beat = launched.start(clock)
        wait_until(lambda: _is_dealt_with(keys, clock), seconds=60)
        # With the clock put back there is nothing to wait for; it may not make anything due again meanwhile.
        time.sleep(0.3)
    proved(settings=STEPS, due_times=Slot.objects.filter(schedule__in=keys).count())
    _assert_each_minute_once(keys, begin)


def _every_minute(template: Schedule) -> tuple[list[int], datetime]:
    """Schedules of every minute, and the first at which they are due. They make up for all that they miss."""
    template.overlap, template.missed, template.missed_cap = "allow", "all", 100
    template.missed_grace = timedelta(days=30)
    begin = timezone.now().replace(second=0, microsecond=0) + MINUTE
    return make_many(template, SCHEDULES, due=lambda _: ("* * * * *", begin)), begin


def _is_dealt_with(keys: list[int], clock: Path) -> bool:
    first = Schedule.objects.filter(pk__in=keys).aggregate(Min("next_due_at"))["next_due_at__min"]
    return bool(first > read_clock(clock))


def _assert_each_minute_once(keys: list[int], begin: datetime) -> None:
    slots = Slot.objects.filter(schedule__in=keys)
    found: dict[int, list[datetime]] = {key: [] for key in keys}
    for key, due_at in slots.order_by("due_at").values_list("schedule", "due_at"):
        found[key].append(due_at)
    for schedule in Schedule.objects.filter(pk__in=keys):
        assert schedule.next_due_at
        minutes = int((schedule.next_due_at - begin) / MINUTE)
        assert found[schedule.pk] == [begin + number * MINUTE for number in range(minutes)]
    assert (
        Run.objects.filter(state=RunState.PENDING).count() == slots.filter(outcome="fired").count() > SCHEDULES * STEPS
    )
    assert set(slots.values_list("outcome", flat=True)) == {"fired", "missed"}
