"""The forms of a table: its filter and its columns, and the metric of an experiment."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import Field as Drawn
from django import forms

from mantik.lib.form_layout import Carried, Helper, panel
from projects.models import Experiment
from runs.models import LoggedName
from runs.table.columns import checked_columns
from runs.table.filters import TableFilter
from runs.table.language import Field
from runs.table.scope import Scope
from runs.table.tokens import Misread

# How many metrics a form offers to choose from.
MOST_OFFERED = 500


class ExpressionForm(forms.Form):
    """The field of the filter above a table. The rest of the address is sent along."""

    def __init__(self, filters: TableFilter, *, names_url: str, is_wrong: bool) -> None:
        super().__init__()
        widget = forms.TextInput(
            {
                "class": "form-control-small mono",
                "placeholder": "metric.val_accuracy > 0.85 and param.lr <= 0.01",
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "data-key": "/",
                "data-complete": names_url,
                **({"aria-invalid": "true", "aria-describedby": "filter-problem"} if is_wrong else {}),
            }
        )
        self.fields["filter"] = forms.CharField(
            label="Filter runs by an expression", required=False, initial=filters.filter, widget=widget
        )
        self.helper = Helper(
            *(Carried(*pair) for pair in filters.hidden),
            Drawn("filter", template="bootstrap5/layout/filter_field.html"),
            css_class="search search-expression",
            role="search",
            action=filters.path,
            data_submit_once=False,
        )
        self.helper.form_method = "get"


class ColumnsForm(forms.Form):
    helper = panel(verb="Save")
    columns = forms.CharField(
        max_length=6000,
        required=False,
        widget=forms.Textarea({"rows": 3, "class": "mono", "spellcheck": "false", "autocapitalize": "off"}),
        help_text="Names as in a filter, in the order of the table: metric.loss is the last value, metric.loss.best, "
        ".min and .max the others; param.lr and tag.team. Without any, Mantik chooses.",
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope

    def clean_columns(self) -> list[Field]:
        text: str = self.cleaned_data["columns"]
        try:
            return checked_columns(self.scope, text)
        except Misread as misread:
            wrong = text[misread.at : misread.at + misread.length][:60]
            where = f"Character {misread.at + 1}, “{wrong}”: " if wrong else ""
            raise forms.ValidationError(f"{where}{misread.sentence}") from None


class MetricForm(forms.Form):
    helper = panel(verb="Save")
    metric = forms.ChoiceField(
        required=False,
        help_text="Its charts stand above the table, the table begins with its best runs, and the list of experiments "
        "shows its best value. Everybody in the project sees it so.",
    )
    direction = forms.ChoiceField(
        label="Better is",
        choices=[("more", "More, as for an accuracy"), ("less", "Less, as for a loss")],
        initial="more",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, experiment: Experiment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = LoggedName.objects.filter(experiment=experiment, kind=LoggedName.Kind.METRIC).order_by("key")
        keys = list(rows.values_list("key", flat=True)[: MOST_OFFERED + 1])
        if len(keys) > MOST_OFFERED:
            self.fields["metric"].help_text += f" Only the first {MOST_OFFERED} by name can be chosen here."
        pinned = experiment.pinned_metric
        offered = dict.fromkeys([*([pinned] if pinned else []), *keys[:MOST_OFFERED]])
        self.fields["metric"].choices = [("", "None"), *((key, key) for key in offered)]  # type: ignore[attr-defined]
        if pinned:
            self.initial = {"metric": pinned, "direction": "more" if experiment.more_is_better else "less"}
