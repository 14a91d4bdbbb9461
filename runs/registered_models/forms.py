"""Forms of registered models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from crispy_forms.bootstrap import FieldWithButtons
from crispy_forms.layout import Column
from django import forms
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from connections.mlflow.values import ModelSource
from mantik.lib.form_layout import (
    Back,
    Cards,
    FromTemplate,
    Helper,
    LiveFields,
    PreviewButton,
    Rest,
    SubmitButton,
    card,
    panel,
)
from mantik.lib.revised_form import RevisedForm
from projects.forms import MAX_DESCRIPTION
from runs.models import Run
from runs.registered_models.candidates import Candidate, source_named
from runs.registered_models.models import LONGEST_NAME, RegisteredModel
from runs.registered_models.names import problem_with_alias, problem_with_name
from runs.registered_models.services import Taken, holder_of_name

MODELS_FIELD = "models-field"
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class DescriptionForm(RevisedForm):
    helper = card(
        Column(FromTemplate("components/markdown_field.html", "description"), Rest()),
        foot=(Back(), SubmitButton("Save"), PreviewButton("Preview the description")),
    )

    description = forms.CharField(
        max_length=MAX_DESCRIPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono"}),
        help_text="Markdown: headings, lists, tables, code, links. A picture becomes a link to it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if type(self) is DescriptionForm:
            self.revise()


class _LiveName(LiveFields):
    """The field of the name, which is checked while somebody types."""

    template = "registered_models/_live_name.html"


class _LiveModels(LiveFields):
    """The choice of models, which asks for the list until it is known."""

    template = "registered_models/_live_models.html"


def _registering(*, is_known: bool) -> Helper:
    choice = Cards("model") if is_known else FromTemplate("registered_models/_no_candidates.html", "model")
    models = _LiveModels(MODELS_FIELD, choice, FromTemplate("registered_models/_note.html"), target="this")
    name = _LiveName("name-field", "name", target="this")
    return panel(models, name, Rest(), verb="Register Model", busy="Registering")


class RegisterForm(DescriptionForm):
    """The form that registers a model of `run`. `cleaned_data["model"]` is a ModelSource.

    `candidates` is None while they are not known. A choice is then accepted as it is; a worker finds out whether the
    run has that model.
    """

    model = forms.CharField(max_length=400, error_messages={"required": "Choose which model to register."})
    name = forms.CharField(
        max_length=1000,
        error_messages={"required": problem_with_name("")},
        widget=forms.TextInput(
            {"class": "mono", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        help_text="Unique in the project; capitals do not matter. Letters, digits, dots, hyphens and underscores.",
    )
    field_order = ["model", "name", "description"]

    def __init__(self, *args: Any, run: Run, candidates: Sequence[Candidate] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run = run
        self.candidates = candidates
        self.fields["description"].widget.attrs["rows"] = 6
        if candidates is None:
            self.fields["model"].widget = forms.HiddenInput()
        if candidates and len(candidates) == 1:
            self.initial["model"] = candidates[0].key
        self.helper = _registering(is_known=candidates is not None)

    def clean_model(self) -> ModelSource:
        key = self.cleaned_data["model"]
        if self.candidates is None:
            found = source_named(self.run, key)
        else:
            found = next((candidate.source for candidate in self.candidates if candidate.key == key), None)
        if found is None:
            raise forms.ValidationError("The run no longer has this model. Choose another one.")
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
        """The candidates, as cards to choose from."""
        chosen = self["model"].value()
        return [
            {
                "id": f"id_model_{number}",
                "key": candidate.key,
                "title": candidate.label,
                "detail": candidate.kind,
                "at": candidate.logged_at,
                "is_chosen": candidate.key == chosen,
            }
            for number, candidate in enumerate(self.candidates or [])
        ]

    @cached_property
    def approved(self) -> frozenset[str]:
        """The field "name" if the model can have the name that is typed in it."""
        name = self["name"].value() or ""
        is_free = not problem_with_name(name) and holder_of_name(self.run.project, name) is None
        return frozenset({"name"} if is_free else ())


class AliasForm(forms.Form):
    helper = Helper(
        FieldWithButtons("alias", SubmitButton("Set alias", style="btn-quiet")), css_class="panel-body alias-form"
    )

    alias = forms.CharField(
        label="Alias for this model",
        help_text="A word that stands for one model of the project. "
        "If you give it to another model, this one loses it, and programs have to use the other model's address with "
        "this alias.",
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
    """The message of `taken` with a link to the model that has the name or the run."""
    holder: RegisteredModel = taken.holder
    url = reverse("registered_models:detail", args=[holder.project.slug, holder.uuid])
    return format_html('{} <a href="{}">See {}</a>', taken.message, url, holder.name)


def suggested_name(run: Run) -> str:
    """The run's name, changed into a valid name for the model; "" if it is taken."""
    name = _NOT_IN_A_NAME.sub("-", run.name).strip("-._")[:LONGEST_NAME]
    return "" if problem_with_name(name) or holder_of_name(run.project, name) else name
