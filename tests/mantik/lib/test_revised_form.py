"""Of two who save the same form, the second is told what the first has saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django import forms
from django.http import QueryDict

from mantik.lib.revised_form import REVISION, SAVED_MEANWHILE, RevisedForm

STORED = {"name": "PV", "summary": "one\r\ntwo", "is_public": False, "kind": "a"}


class Form(RevisedForm):
    name = forms.CharField()
    summary = forms.CharField(required=False)
    is_public = forms.BooleanField(required=False)
    kind = forms.ChoiceField(choices=[("a", "Apple"), ("b", "Berry")])

    def __init__(self, data: Mapping[str, Any] | None = None, *, stored: dict[str, Any]) -> None:
        super().__init__(data, initial=stored)
        self.revise()


def sent(*, stored: dict[str, Any], drawn: dict[str, Any] = STORED, **typed: str) -> Form:
    """A form that was drawn with other values than those that are `stored` now."""
    unchanged = {"name": "PV", "summary": "one\r\ntwo", "kind": "a"}
    data = QueryDict(mutable=True)
    data.update({REVISION: Form(stored=drawn).initial[REVISION], **unchanged, **typed})
    return Form(data, stored=stored)


def test_nothing_has_changed() -> None:
    form = sent(stored=STORED, name="Thin film", is_public="on")
    assert form.is_valid()
    assert form.cleaned_data == {"name": "Thin film", "summary": "one\r\ntwo", "is_public": True, "kind": "a"}


def test_what_was_not_touched_becomes_what_is_stored_now() -> None:
    """Tab 1 changed the summary, tab 2 the name: no summary is set back."""
    form = sent(stored=STORED | {"summary": "three", "is_public": True}, name="Thin film")
    assert not form.is_valid()
    assert form.non_field_errors() == [SAVED_MEANWHILE]
    assert form.errors["summary"] == ["Meanwhile “one\ntwo” was changed to “three”, which the form has now."]
    assert form.errors["is_public"] == ["Meanwhile “no” was changed to “yes”, which the form has now."]
    assert (form["name"].value(), form["summary"].value(), form["is_public"].value()) == ("Thin film", "three", True)


def test_what_both_have_changed_is_said_and_kept_as_typed() -> None:
    form = sent(stored=STORED | {"name": "Solar", "kind": "b"}, name="Thin film")
    assert not form.is_valid()
    [words] = form.errors["name"]
    assert "it is now “Solar”. You entered “Thin film”." in words
    assert form["name"].value() == "Thin film"
    assert form.errors["kind"] == ["Meanwhile “Apple” was changed to “Berry”, which the form has now."]


def test_saved_again_it_replaces_what_it_has_said() -> None:
    now = STORED | {"name": "Solar"}
    first = sent(stored=now, name="Thin film")
    assert not first.is_valid()
    again = Form(first.data, stored=now)
    assert again.is_valid()
    assert again.cleaned_data["name"] == "Thin film"


def test_both_have_typed_the_same() -> None:
    assert sent(stored=STORED | {"name": "Solar"}, name="Solar").is_valid()


@pytest.mark.parametrize("revision", ["", "x", ":", "name", "nothing:0 name", "\x01"])
def test_a_revision_that_no_form_has_does_no_harm(revision: str) -> None:
    data = QueryDict(mutable=True)
    data.update({REVISION: revision, "name": "PV", "kind": "a"})
    form = Form(data, stored=STORED)
    form.is_valid()
    assert set(form.errors) <= {"__all__", "name"}


def test_of_a_long_text_it_says_how_much_more_there_is() -> None:
    form = sent(stored=STORED | {"summary": "x" * 1000}, summary="mine")
    assert "700 more characters" in form.errors["summary"][0]
