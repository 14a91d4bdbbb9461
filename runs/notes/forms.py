"""The form of what members add to a run."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import Column
from django import forms

from mantik.lib.form_layout import Back, FromTemplate, PreviewButton, Rest, SubmitButton, card
from mantik.lib.revised_form import RevisedForm
from projects.forms import MAX_DESCRIPTION
from runs.models import Run
from runs.notes.tags import BadTags, parse


class NotesForm(RevisedForm):
    """`cleaned_data["tags"]` has the tags by name."""

    helper = card(
        Column("name", FromTemplate("components/markdown_field.html", "notes", what="notes"), Rest()),
        foot=(Back(), SubmitButton("Save"), PreviewButton("Preview the notes")),
    )

    name = forms.CharField(max_length=120, help_text="In MLflow the run keeps the name with which it began.")
    notes = forms.CharField(
        max_length=MAX_DESCRIPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono"}),
        help_text="Markdown: headings, lists, tables, code, links. A picture becomes a link to it.",
    )
    tags = forms.CharField(
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false", "autocapitalize": "none"}),
        help_text="A line for each: name = value. The filter of the experiment finds it as tag.name, like a tag that "
        "the training logs.",
    )

    def __init__(self, *args: Any, run: Run, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(run, name) for name in self.fields}
        self.revise()

    def clean_tags(self) -> dict[str, str]:
        try:
            return parse(self.cleaned_data["tags"])
        except BadTags as problem:
            raise forms.ValidationError(str(problem)) from None
