"""The filters of the list of schedules and of a schedule's slots, kept in the URL."""

from __future__ import annotations

from mantik.lib.filters import Chips, Filters, Text, options_of
from mantik.lib.search_form import SearchBox
from schedules.querysets import ScheduleQuerySet, SlotQuerySet
from schedules.states import Outcome, ScheduleState


class ScheduleFilter(Filters):
    """Which schedules to list."""

    q = Text(SearchBox("schedules", by="name", hint="Name"))
    state = Chips("All", options_of(ScheduleState))

    def apply(self, schedules: ScheduleQuerySet) -> ScheduleQuerySet:
        if self.state:
            schedules = schedules.filter(state=self.state.means)
        return schedules.filter(name__icontains=self.q) if self.q else schedules


class SlotFilter(Filters):
    """Which slots of a schedule to list."""

    outcome = Chips("All", options_of(Outcome))

    def apply(self, slots: SlotQuerySet) -> SlotQuerySet:
        return slots.filter(outcome=self.outcome.means) if self.outcome else slots
