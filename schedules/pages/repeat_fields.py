"""The part of the form of a schedule that puts a cron expression together, for people who do not write cron.

Only the expression is stored. These fields show it as far as a pattern has its times, and a change of them writes it
anew. Fields and expression are sent together, so `repeat_of` says which expression the fields were drawn for: if it is
another one now, somebody has typed it, and the fields follow; if not, it follows the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import time
from typing import Any

from django import forms

from runs.planning.live_form import LiveForm
from schedules.cron.patterns import WEEK, Every, Pattern, pattern_of

_NUMBERS = {
    "invalid": "Enter a whole number.",
    "min_value": "Enter %(limit_value)s or more.",
    "max_value": "Enter %(limit_value)s or less.",
}
# The fields of each choice, in order.
_FIELDS_OF: dict[str, tuple[str, ...]] = {
    "": (),
    Every.HOUR: ("repeat_minute",),
    Every.DAY: ("repeat_at",),
    Every.WEEK: ("repeat_at", "repeat_days"),
    Every.MONTH: ("repeat_day", "repeat_at"),
}
REPEAT_FIELDS = ("repeat", "repeat_minute", "repeat_day", "repeat_at", "repeat_days", "repeat_of")
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


class RepeatForm(LiveForm):
    repeat = forms.ChoiceField(
        label="How often",
        required=False,
        choices=[
            ("", "As the cron expression says"),
            (Every.HOUR.value, "Every hour"),
            (Every.DAY.value, "Every day"),
            (Every.WEEK.value, "On days of the week"),
            (Every.MONTH.value, "Once a month"),
        ],
    )
    repeat_minute = forms.IntegerField(label="At minute", min_value=0, max_value=59, error_messages=_NUMBERS)
    repeat_day = forms.IntegerField(
        label="On day",
        min_value=1,
        max_value=31,
        error_messages=_NUMBERS,
        help_text="Months without this day are left out.",
    )
    repeat_at = forms.TimeField(
        label="At",
        input_formats=["%H:%M"],
        # Of its own kind of field, browsers show the hours in the way of their language, which may be that of a clock
        # with twelve; pages have twenty-four everywhere.
        widget=forms.TimeInput({"autocomplete": "off", "placeholder": "02:30"}, format="%H:%M"),
        error_messages={"invalid": "Enter a time of day with hours from 0 to 23, such as 02:30."},
    )
    repeat_days = forms.TypedMultipleChoiceField(
        label="On",
        required=False,
        coerce=int,
        choices=[(str(day), _DAYS[day]) for day in WEEK],
        widget=forms.CheckboxSelectMultiple,
    )
    repeat_of = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    @property
    def repeat_fields(self) -> tuple[str, ...]:
        """The fields that are shown, in order."""
        return ("repeat", *_FIELDS_OF.get(self.value("repeat"), ()))

    def clean_repeat_days(self) -> list[int]:
        days: list[int] = self.cleaned_data["repeat_days"]
        if not days:
            raise forms.ValidationError("Tick at least one day.", code="none")
        return days

    def _follow_repeat(self) -> None:
        """Have the fields follow the expression, or it the fields; and leave out those that say nothing here."""
        for name in REPEAT_FIELDS:
            self.fields.setdefault(name, deepcopy(self.base_fields[name]))
        expression = self.value("cron_expression")
        if self.is_bound and "repeat" in self.data and expression == self.value("repeat_of"):
            self._put_missing(pattern_of(expression))
            self._write(expression)
        else:
            self._show(expression)
        for name in set(REPEAT_FIELDS) - {"repeat_of", *self.repeat_fields}:
            del self.fields[name]

    def _show(self, expression: str) -> None:
        pattern = pattern_of(expression)
        self._put_each({"repeat": pattern.every.value if pattern else "", "repeat_of": expression, **_values(pattern)})

    def _put_missing(self, before: Pattern | None) -> None:
        """Fill in what belongs to another choice than the one before, and was not in the form."""
        chosen = self.value("repeat")
        if before is None or before.every != chosen:
            usual = _values(before or Pattern(Every.DAY))
            self._put_each({name: usual[name] for name in _FIELDS_OF.get(chosen, ()) if name not in self.data})

    def _write(self, expression: str) -> None:
        """Write the expression anew if the fields say something else. Wrong fields say nothing, and get an error."""
        try:
            given = {name: self._given(name) for name in _FIELDS_OF.get(self.value("repeat"), ())}
        except forms.ValidationError:
            return
        if not given or given.get("repeat_days") == []:
            return
        pattern = _pattern(Every(self.value("repeat")), given)
        before = pattern_of(expression)
        if before is None or before.expression != pattern.expression:
            self._put_each({"cron_expression": pattern.expression, "repeat_of": pattern.expression})

    def _given(self, name: str) -> Any:
        field: Any = self.fields[name]
        return field.clean(field.widget.value_from_datadict(self.data, self.files, name))

    def _put_each(self, values: Mapping[str, Any]) -> None:
        """As `_put`, for fields of several values as well."""
        self._put(values)
        if self.is_bound and hasattr(self.data, "setlist") and "repeat_days" in values:
            self.data.setlist("repeat_days", values["repeat_days"])


def _values(pattern: Pattern | None) -> dict[str, Any]:
    shown = pattern or Pattern(Every.DAY)
    return {
        "repeat_minute": str(shown.at.minute),
        "repeat_at": f"{shown.at:%H:%M}",
        "repeat_days": [str(day) for day in WEEK if day in shown.weekdays],
        "repeat_day": str(shown.day),
    }


def _pattern(every: Every, given: Mapping[str, Any]) -> Pattern:
    usual = Pattern(every)
    at = given.get("repeat_at") or time(0, given.get("repeat_minute", 0))
    weekdays = frozenset(given.get("repeat_days", usual.weekdays))
    return Pattern(every, at, weekdays, given.get("repeat_day", usual.day))
