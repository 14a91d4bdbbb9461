"""How the new-run form and the form of a schedule are laid out: a card with the fields, and a preview beside it."""

from __future__ import annotations

from collections.abc import Iterable

from crispy_forms.layout import Div

from mantik.lib.form_layout import (
    ActionBar,
    Back,
    FirstButton,
    FromTemplate,
    Helper,
    LiveFields,
    Part,
    PreviewButton,
    Remark,
    SubmitButton,
)
from runs.planning.site_rules import RUN_ANYWAY


def with_preview(
    *steps: Part, app: str, css_id: str, target: str, carried: Iterable[Part], foot: ActionBar, verb: str
) -> Helper:
    """Two columns: the fields, and the preview.

    `app`: its templates list the problems and draw the preview. `target`: a selector of the preview. `verb`: the label
    of the button that Enter presses.
    """
    fields = Div(*steps, foot, css_class="panel form-panel")
    return Helper(
        *carried,
        FirstButton(verb),
        Div(FromTemplate(f"{app}/_problems.html"), fields, css_class="column-main"),
        Div(FromTemplate(f"{app}/_preview_card.html"), css_class="column-side column-sticky"),
        css_class="columns",
        css_id=css_id,
        warns=True,
        hx_indicator=target,
    )


def run_anyway(what: str, *, target: str) -> LiveFields:
    """The box to submit `what` although the site would refuse it."""
    asks = FromTemplate("components/run_anyway.html", RUN_ANYWAY, what=what)
    return LiveFields("run-anyway-field", asks, target=target)


def action_bar(remark: str, *, preview: str, submit: SubmitButton) -> ActionBar:
    """`preview` is the label of the button that updates the preview where there is no JavaScript."""
    return ActionBar(Remark(remark), PreviewButton(preview), Back(), submit)
