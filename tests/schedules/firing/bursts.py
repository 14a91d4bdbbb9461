"""Many schedules that are due at once, and what has to have become of them."""

from __future__ import annotations

from collections import Counter

from django.utils import timezone

from runs.models import Run
from runs.states import RunState
from schedules.models import Schedule, Slot
from schedules.states import Outcome
from tests.support.schedules import make_many
from tests.support.waiting import wait_until

# More than what two beats with two threads each claim at once, so that they die between and within transactions.
BURST = 3000


def burst(template: Schedule, count: int = BURST) -> list[int]:
    """Due since the minute began, and then not for a day."""
    due = timezone.now().replace(second=0, microsecond=0)
    return make_many(template, count, due=lambda _: (f"{due.minute} {due.hour} * * *", due))


def fired(keys: list[int]) -> int:
    return Slot.objects.filter(schedule__in=keys).count()


def begin_burst(template: Schedule) -> list[int]:
    """A burst of which beats that run have taken up the first. It may be over soon after, or by now."""
    keys = burst(template)
    wait_until(lambda: fired(keys) > 0, seconds=60)
    return keys


def assert_each_once(keys: list[int]) -> None:
    """One slot each, with one run each, and no run besides."""
    slots = list(Slot.objects.filter(schedule__in=keys).select_related("run"))
    assert Counter(slot.schedule_id for slot in slots) == Counter(keys)
    assert {slot.outcome for slot in slots} == {Outcome.FIRED}
    assert len({slot.run_id for slot in slots}) == len(keys)
    assert set(Run.objects.filter(state=RunState.PENDING).values_list("pk", flat=True)) == {
        slot.run_id for slot in slots
    }
    assert not Schedule.objects.filter(pk__in=keys, next_fire_at__lte=timezone.now()).exists()


def come_of(keys: list[int]) -> dict[str, int]:
    """For a proof: of so many due times, how many have a slot or a run too many, and how many none."""
    slots = Counter(Slot.objects.filter(schedule__in=keys).values_list("schedule", flat=True))
    runs = Run.objects.filter(slot__schedule__in=keys).count()
    doubled = sum(count - 1 for count in slots.values()) + max(0, runs - len(slots))
    return {"due_times": len(keys), "doubled": doubled, "lost": len(keys) - len(slots)}
