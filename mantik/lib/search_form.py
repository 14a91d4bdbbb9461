"""The search box of a list, and of the docs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crispy_forms.layout import Field
from django import forms

from mantik.lib.form_layout import Carried, Helper


@dataclass(frozen=True)
class SearchBox:
    """A box to search `things`, `by` some of their properties (optional), with a `hint` while it is empty.

    `rows`: the id of the list that is updated while somebody types; without it they have to press Enter. `besides`: the
    id of something else that is updated with the list. `css_class`: a further class of its form.
    """

    things: str
    hint: str
    by: str = ""
    rows: str = ""
    besides: str = ""
    css_class: str = ""

    @property
    def label(self) -> str:
        return f"Search {self.things} by {self.by}" if self.by else f"Search {self.things}"


class SearchForm(forms.Form):
    """One field, called `name`, that holds `value`. `carried`: the other filters in force, which are sent along."""

    def __init__(self, box: SearchBox, *, name: str, value: str, carried: Iterable[tuple[str, str]], path: str) -> None:
        super().__init__(auto_id=f"{box.things}-%s")
        self.fields[name] = forms.CharField(
            label=box.label,
            required=False,
            initial=value,
            widget=forms.TextInput(
                {
                    "type": "search",
                    "class": "form-control-small",
                    "placeholder": box.hint,
                    "autocomplete": "off",
                    "data-key": "/",
                }
            ),
        )
        self.helper = Helper(
            *(Carried(*pair) for pair in carried),
            Field(name, template="bootstrap5/layout/search_field.html"),
            css_class=f"search {box.css_class}".strip(),
            role="search",
            action=path,
            novalidate=False,
            data_submit_once=False,
            **(_following(box, path, self[name].id_for_label) if box.rows else {}),
        )
        self.helper.form_method = "get"


def _following(box: SearchBox, path: str, field_id: str) -> dict[str, Any]:
    """htmx attributes that fetch the list again while somebody types."""
    rows = f"#{box.rows}"
    return {
        "hx_get": path,
        "hx_target": rows,
        "hx_select": rows,
        "hx_select_oob": f"#{box.besides}" if box.besides else None,
        "hx_swap": "outerHTML",
        "hx_push_url": "true",
        "hx_trigger": f"input changed delay:300ms from:find #{field_id}, submit",
        "hx_sync": "this:replace",
    }
