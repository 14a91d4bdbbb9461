"""Zones whose clocks are changed, the moments at which that happens, and random schedules to try at them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo, available_timezones

FIRST = datetime(1973, 1, 1, tzinfo=UTC)  # the last offset with seconds (Liberia's) ended in 1972
LAST = datetime(2040, 1, 1, tzinfo=UTC)
# Shorter than the shortest time between two changes (Boa Vista in October 2000: a week).
_STEP = timedelta(days=6)


@cache
def transitions(name: str) -> tuple[datetime, ...]:
    """The first seconds of a new offset, in UTC."""
    zone = ZoneInfo(name)
    found = []
    moment, offset = FIRST, FIRST.astimezone(zone).utcoffset()
    while moment < LAST:
        following = moment + _STEP
        if following.astimezone(zone).utcoffset() != offset:
            low, high = moment, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2 // timedelta(seconds=1) * timedelta(seconds=1)
                low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
            found.append(high)
            offset = following.astimezone(zone).utcoffset()
        moment = following
    return tuple(found)


@cache
def zones() -> tuple[str, ...]:
    """Every zone that had a change. Many keys are other names for the same clock; one name of each is enough."""
    samples = [FIRST + number * timedelta(days=28) for number in range((LAST - FIRST).days // 28)]
    clocks: dict[tuple[timedelta | None, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        clocks.setdefault(tuple(sample.astimezone(zone).utcoffset() for sample in samples), name)
    return tuple(name for offsets, name in clocks.items() if len(set(offsets)) > 1)


@dataclass(frozen=True)
class Spec:
    """An expression with the sets that it was made from: an oracle that reads no cron."""

    text: str
    sets: tuple[frozenset[int], ...]

    @cached_property
    def either(self) -> bool:
        fields = self.text.split()
        return not fields[2].startswith("*") and not fields[4].startswith("*")

    @cached_property
    def wild(self) -> bool:
        minute, hour, *_ = self.text.split()
        return minute.startswith("*") or hour.startswith("*")

    def has_day(self, day: datetime) -> bool:
        date, weekday = day.day in self.sets[2], day.isoweekday() % 7 in self.sets[4]
        return day.month in self.sets[3] and (date or weekday if self.either else date and weekday)

    def matches(self, wall: datetime) -> bool:
        return wall.minute in self.sets[0] and wall.hour in self.sets[1] and self.has_day(wall)


def specs(chance: random.Random) -> Spec:
    """A random expression, mostly of times at which clocks are changed."""
    parts = [
        _field(chance, 0, 59, [0, 1, 15, 29, 30, 31, 45, 59], stars=0.4),
        _field(chance, 0, 23, [0, 1, 2, 3, 22, 23], stars=0.3),
        _field(chance, 1, 31, [1, 24, 25, 28, 30], stars=0.75),
        _field(chance, 1, 12, [2, 3, 4, 9, 10, 11, 12], stars=0.8),
        _field(chance, 0, 6, [0, 0, 5, 6], stars=0.7),
    ]
    if parts[2][1] <= {30, 31} and parts[3][1] <= {2, 4, 6, 9, 11}:  # may never fire, which is another test's
        parts[2] = ("*", frozenset(range(1, 32)))
    return Spec(" ".join(text for text, _ in parts), tuple(values for _, values in parts))


def _field(
    chance: random.Random, low: int, high: int, likely: list[int], *, stars: float
) -> tuple[str, frozenset[int]]:
    everything = range(low, high + 1)
    if chance.random() < stars:
        step = chance.choice([1, 1, 1, 2, 3, 5, (high - low + 1) // 2])
        return ("*" if step == 1 else f"*/{step}"), frozenset(everything[::step])
    kind = chance.random()
    if kind < 0.2:
        first = chance.randrange(low, high)
        last = chance.randrange(first + 1, high + 1)
        step = chance.randrange(1, last - first + 1) if chance.random() < 0.5 else 1
        return f"{first}-{last}" + (f"/{step}" if step > 1 else ""), frozenset(range(first, last + 1, step))
    chosen = [
        chance.choice(likely if chance.random() < 0.8 else everything) for _ in range(chance.choice([1, 1, 1, 2, 3]))
    ]
    return ",".join(map(str, chosen)), frozenset(chosen)


def moments(chance: random.Random, name: str) -> datetime:
    """Mostly close to a change, sometimes anywhere; with seconds and microseconds at times."""
    changes = transitions(name)
    if chance.random() < 0.85:
        # Today's rules matter most, but each change of the past is worth a try.
        change = chance.choice(changes[-30:] if chance.random() < 0.5 else changes)
        moment = change + timedelta(minutes=chance.choice([1, 10, 100]) * chance.randrange(-30, 31))
    else:
        moment = FIRST + (LAST - FIRST) * chance.random()
        moment = moment.replace(microsecond=0)
    if chance.random() < 0.3:
        moment += timedelta(seconds=chance.randrange(60), microseconds=chance.choice([0, 1, 999_999]))
    return moment


def cases(seed: int, count: int) -> Iterator[tuple[Spec, str, datetime]]:
    """`count` of (schedule, zone's name, moment), the same for the same seed; all zones get their turn."""
    chance = random.Random(seed)
    names = zones()
    for number in range(count):
        name = names[number % len(names)]
        yield specs(chance), name, moments(chance, name)
