"""The layout of the form of a schedule: what to run and when, and the rules that few people change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispy_forms.bootstrap import AppendedText
from crispy_forms.layout import Div, Row
from django.forms import BaseForm

from mantik.lib.form_layout import (
    Carried,
    Fold,
    FromTemplate,
    Helper,
    LiveFields,
    Part,
    Rest,
    Section,
    Step,
    SubmitButton,
)
from runs.backend_config import ACCOUNT
from runs.planning.prefill import PREFILL_FIELD
from runs.planning.preview_layout import action_bar, run_anyway, with_preview

_CARD = "#schedule-preview"
_TYPING_PAUSE_MS = 500


class Offer(Part):
    """A button that replaces a refused value with one that means the same."""

    template = "schedules/_offer.html"

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def more_context(self, form: BaseForm) -> dict[str, Any]:
        offers: dict[str, str] = getattr(form, "offers", {})
        return {"field": form[self.name], "offer": offers.get(self.name, "")}


def schedule_helper(*, is_new: bool, source: str | None, repeat_fields: Sequence[str]) -> Helper:
    """`source`: the run that it is filled in from, as the link named it. `repeat_fields`: those that are shown."""
    verb = "Add schedule" if is_new else "Save"
    remark = (
        "It starts with its next due time."
        if is_new
        else "The old rules still apply to due times that have already come."
    )
    return with_preview(
        _what(),
        _when(repeat_fields),
        _policies(),
        run_anyway("every run of this schedule", target=_CARD),
        app="schedules",
        css_id="schedule-form",
        target=_CARD,
        carried=[] if source is None else [Carried(PREFILL_FIELD, source)],
        foot=action_bar(remark, preview="Update form and preview", submit=SubmitButton(verb, busy="Saving")),
        verb=verb,
    )


def _what() -> Step:
    accounts = FromTemplate("components/account_choices.html")
    return Step(
        1,
        "What",
        Row(
            "name",
            _typed("run-search-field", "run_search"),
            LiveFields("run-field", "run", target=_CARD, wide=True),
            LiveFields("connection-field", "connection", target=_CARD, query="?changed=connection"),
            _typed("account-field", ACCOUNT, accounts),
            Div("code_policy", css_class="field-wide"),
        ),
    )


def _when(repeat_fields: Sequence[str]) -> Step:
    return Step(
        2,
        "When",
        Row(
            LiveFields("repeat-field", Row(*map(_in_line, repeat_fields)), "repeat_of", target=_CARD, wide=True),
            _typed("cron-field", "cron_expression", Offer("cron_expression")),
            _typed("zone-field", "time_zone", Offer("time_zone")),
            _typed("end-field", "end_date"),
        ),
        FromTemplate("schedules/_reference.html"),
    )


def _in_line(name: str) -> Div | str:
    """The days of the week stand beside one another."""
    return Div(name, css_class="field-wide field-in-line") if name == "repeat_days" else name


def _policies() -> Section:
    return Section(
        Fold(
            "Rules",
            "overlap",
            "missed",
            AppendedText("missed_cap", "for “Run all of them”"),
            "missed_grace",
            _typed("jitter-field", "jitter_seconds"),
            "pause_after_failures",
            "most_runs_per_day",
            Rest(),
        )
    )


def _typed(css_id: str, *fields: Any) -> LiveFields:
    return LiveFields(css_id, *fields, target=_CARD, typed=_TYPING_PAUSE_MS)
