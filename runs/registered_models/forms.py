"""Forms of registered models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.forms import MOST_DESCRIPTION
from runs.models import Run
from runs.registered_models.candidates import Candidate
from runs.registered_models.models import LONGEST_NAME, RegisteredModel
from runs.registered_models.names import problem_with_alias, problem_with_name
from runs.registered_models.services import Taken, holder_of_name

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class DescriptionForm(forms.Form):
    description = forms.CharField(
        max_length=MOST_DESCRIPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono"}),
        help_text="Markdown: headings, lists, tables, code, links. A picture becomes a link to it.",
    )


class RegisterForm(DescriptionForm):
    """`candidates` are None while MLflow cannot say which there are; what was chosen is kept then."""

    model = forms.CharField(max_length=400, error_messages={"required": "Choose which model to register."})
    name = forms.CharField(
        max_length=1000,
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="Unique in the project, whether in capitals or not. Letters, digits, dots, hyphens, underscores.",
    )
    field_order = ["model", "name", "description"]

    def __init__(self, *args: Any, run: Run, candidates: Sequence[Candidate] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run = run
        self.candidates = candidates
        self.fields["name"].required = True
        self.fields["name"].error_messages["required"] = problem_with_name("")
        self.fields["description"].widget.attrs["rows"] = 6
        if candidates and len(candidates) == 1:
            self.initial["model"] = candidates[0].key

    def clean_model(self) -> Candidate | None:
        key = self.cleaned_data["model"]
        if self.candidates is None:
            return None
        found = next((candidate for candidate in self.candidates if candidate.key == key), None)
        if found is None:
            raise forms.ValidationError("The run does not have this model any more. Choose another one.")
        return found

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if problem := problem_with_name(name):
            raise forms.ValidationError(problem)
        if holder := holder_of_name(self.run.project, name):
            raise forms.ValidationError(explained(Taken("name", holder)))
        return name

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The candidates as they are chosen among."""
        chosen = self["model"].value()
        return [
            {"candidate": candidate, "is_chosen": candidate.key == chosen, "id": f"id_model_{number}"}
            for number, candidate in enumerate(self.candidates or [])
        ]

    @property
    def name_is_good(self) -> bool:
        """Of what has been typed so far."""
        name = self["name"].value() or ""
        return not problem_with_name(name) and holder_of_name(self.run.project, name) is None


class AliasForm(forms.Form):
    alias = forms.CharField(
        max_length=200,
        required=False,
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "placeholder": "champion"}
        ),
    )

    def clean_alias(self) -> str:
        alias: str = self.cleaned_data["alias"]
        if problem := problem_with_alias(alias):
            raise forms.ValidationError(problem)
        return alias


def explained(taken: Taken) -> SafeString:
    """In words, with a link to who was first."""
    holder: RegisteredModel = taken.holder
    url = reverse("registered_models:detail", args=[holder.project.slug, holder.uuid])
    return format_html('{} <a href="{}">See {}</a>', taken.message, url, holder.name)


def suggested_name(run: Run) -> str:
    """The run's, made into a name of a model; "" if that is taken."""
    name = _NOT_IN_A_NAME.sub("-", run.name).strip("-._")[:LONGEST_NAME]
    return "" if problem_with_name(name) or holder_of_name(run.project, name) else name
