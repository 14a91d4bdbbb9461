"""Lays out the new-run form: what, code and where, with the preview beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crispy_forms.bootstrap import AppendedText
from crispy_forms.layout import Row

from mantik.lib.form_layout import Carried, FromTemplate, Helper, LiveFields, Part, Rest, Step, SubmitButton
from runs.backend_config import ACCOUNT
from runs.planning.prefill import PREFILL_FIELD
from runs.planning.preview_layout import action_bar, run_anyway, with_preview

# The hidden field "proposed-branch" has what the form itself has put into the field "branch".
PROPOSED_PREFIX = "proposed-"
# The hidden field with the address of the chosen code repository when the form was shown.
CODE_SEEN = "code_seen"
_CARD = "#run-preview"
_TYPING_PAUSE_MS = 700
# For fields that change only the preview. Their request waits for one that redraws fields, which must not be replaced.
_PREVIEW_ONLY: dict[str, Any] = {"typed": _TYPING_PAUSE_MS, "query": "?only=preview", "sync": "queue last"}


class Parameters(LiveFields):
    """One input per parameter of the chosen entry point."""

    template = "runs/_parameters.html"


@dataclass(frozen=True)
class RunLayout:
    """What the layout depends on.

    `source`: the run that it is filled in from, as the link names it.
    `proposed`: values that the form itself has put into fields, by field. `parameters`: the type of each field of a
    parameter. `left_over`: fields of given parameters that the entry point does not take, or all of them while it is
    not known: then `takes_parameters` is False.
    """

    source: str | None
    code_seen: str
    proposed: Mapping[str, str]
    parameters: Mapping[str, str]
    left_over: Sequence[str]
    takes_parameters: bool

    def helper(self) -> Helper:
        submit = SubmitButton("RUN!", icon="play", busy="Starting")
        return with_preview(
            self._what(),
            self._code(),
            self._where(),
            run_anyway("this run", target=_CARD),
            app="runs",
            css_id="run-form",
            target=_CARD,
            carried=self._carried(),
            foot=action_bar(
                "RUN! uses the newest commit of the branch.", preview="Update form and preview", submit=submit
            ),
            verb="RUN!",
        )

    def _carried(self) -> Iterator[Part]:
        if self.source is not None:
            yield Carried(PREFILL_FIELD, self.source)

    def _what(self) -> Step:
        return Step(1, "What", Row("name", "experiment"))

    def _code(self) -> Step:
        return Step(
            2,
            "Code",
            Row(
                self._live("code-repository-field", "code_repository", Carried(CODE_SEEN, self.code_seen)),
                self._live("branch-field", "branch"),
                self._live("mlproject-path-field", "mlproject_path", typed=_TYPING_PAUSE_MS),
                self._live("entry-point-field", "entry_point"),
            ),
            self._parameters(),
        )

    def _parameters(self) -> Parameters:
        note = "not a parameter here" if self.takes_parameters else "kept"
        typed = (part for name, kind in self.parameters.items() for part in self._parameter(name, kind))
        fields = [*typed, *(AppendedText(name, note) for name in self.left_over)]
        rows = [Row(*fields, css_class="fields-small")] if fields else []
        return Parameters("parameters", *rows, target=_CARD, **_PREVIEW_ONLY)

    def _parameter(self, name: str, kind: str) -> Iterator[Any]:
        yield AppendedText(name, kind)
        yield from self._proposal(name)

    def _where(self) -> Step:
        accounts = FromTemplate("components/account_choices.html")
        return Step(
            3,
            "Where",
            Row(
                self._live("connection-field", "connection", query="?changed=connection"),
                self._live("account-field", ACCOUNT, accounts, **_PREVIEW_ONLY),
                self._live("backend-config-field", "backend_config_path", typed=_TYPING_PAUSE_MS, wide=True),
                Rest(),
            ),
        )

    def _live(self, css_id: str, name: str, *below: Part, **more: Any) -> LiveFields:
        return LiveFields(css_id, name, *self._proposal(name), *below, target=_CARD, **more)

    def _proposal(self, name: str) -> Iterator[Part]:
        if name in self.proposed:
            yield Carried(f"{PROPOSED_PREFIX}{name}", self.proposed[name])
