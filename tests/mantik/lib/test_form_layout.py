"""Forms are drawn from their layout: what a part shows, what it keeps to itself, what a fragment draws anew."""

from __future__ import annotations

import re
from typing import Any

import pytest
from crispy_forms.bootstrap import AppendedText
from crispy_forms.layout import Column, Row
from django import forms
from django.template import Context, Template

from mantik.lib.form_layout import (
    Back,
    Carried,
    FirstButton,
    Fold,
    FromTemplate,
    Helper,
    LiveFields,
    PreviewButton,
    Rest,
    Section,
    Step,
    SubmitButton,
    card,
    entrance,
    panel,
)


class Form(forms.Form):
    name = forms.CharField()
    summary = forms.CharField(required=False, help_text="One line.")
    is_public = forms.BooleanField(label="Public", required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=7)

    helper: Any = panel(verb="Save")
    notes: dict[str, str] = {}
    approved: tuple[str, ...] = ()


def drawn(form: forms.Form, **context: Any) -> str:
    template = Template("{% load crispy_forms_tags %}{% crispy form %}")
    return template.render(Context({"form": form, "csrf_token": "t0ken", **context}))


def laid_out(*parts: Any, data: dict[str, str] | None = None, **context: Any) -> str:
    form = Form(data)
    form.helper = Helper(*parts)
    return drawn(form, **context)


def test_a_panel_draws_the_whole_form_with_its_buttons() -> None:
    html = drawn(Form(), back_url="/shelf/")
    assert html.count("<form") == html.count("</form>") == 1
    assert re.findall(r' name="(\w+)"', html) == [
        *("csrfmiddlewaretoken", "name", "summary", "is_public", "kind", "kind", "revision")
    ]
    assert 'class="panel form-panel panel-narrow"' in html
    for attribute in ("novalidate", "data-warn-unsaved", "data-submit-once"):
        assert f" {attribute}" in html
    assert '<a class="btn btn-quiet" href="/shelf/">Back</a>' in html
    assert '<button class="btn btn-primary">Save</button>' in html


def test_a_form_says_itself_where_it_is_sent_only_if_the_page_does() -> None:
    assert " action=" not in drawn(Form())
    assert ' action="/shelf/?a=1&amp;b=2"' in drawn(Form(), action_url="/shelf/?a=1&b=2")


def test_a_new_field_is_drawn_without_a_line_anywhere() -> None:
    form = Form()
    form.fields["isbn"] = forms.CharField()
    assert 'name="isbn"' in drawn(form)


def test_the_rest_is_what_no_part_names() -> None:
    html = laid_out(Column(Rest()), Row("name"), Section(AppendedText("summary", "words")))
    assert re.findall(r' name="(\w+)"', html) == [
        *("csrfmiddlewaretoken", "is_public", "kind", "kind", "name", "summary", "revision")
    ]


def test_a_field_that_is_not_there_or_comes_twice_is_a_fault() -> None:
    with pytest.raises(Exception, match="Could not resolve form field 'isbn'"):
        laid_out(Column("isbn"))
    with pytest.raises(Exception, match="only be rendered once: name"):
        laid_out(Column("name", "name"))


def test_a_field_says_its_unit_or_that_it_is_optional() -> None:
    assert '>Summary <span class="unit">optional</span></label>' in laid_out("summary")
    assert '>Summary <span class="unit">words</span></label>' in laid_out(AppendedText("summary", "words"))
    assert ">Name</label>" in laid_out("name")


def test_below_a_control_stands_what_matters_most() -> None:
    form = Form({"summary": "x"})
    form.helper = Helper("name", "summary")
    assert _below(drawn(form)) == {"id_name_error": "This field is required.", "id_summary_help": "One line."}
    assert 'aria-describedby="id_name_error"' in drawn(form)
    assert 'aria-describedby="id_summary_help"' in drawn(form)
    form.notes = {"name": "Never seen: there is an error.", "summary": "1 word."}
    assert _below(drawn(form)) == {"id_name_error": "This field is required.", "id_summary_help": "1 word."}


def test_a_value_that_was_looked_at_gets_a_tick() -> None:
    form = Form()
    form.helper, form.approved = Helper("name", "summary"), ("summary",)
    html = drawn(form)
    assert html.count("is-good") == html.count("#check-lg") == 1
    assert html.index("id_name_field") < html.index("id_summary_field") < html.index("is-good")


def test_a_fold_opens_over_an_error_in_it() -> None:
    parts = (Fold("More", "summary", Section("name")),)
    assert '<details class="fold">' in laid_out(*parts)
    assert '<details class="fold">' in laid_out(*parts, data={"name": "x"})
    assert '<details class="fold" open>' in laid_out(*parts, data={"summary": "x"})


def test_what_is_carried_along_or_typed_is_no_template() -> None:
    html = laid_out(Carried("from", '"{{ form }}'), "name", data={"name": "{{ csrf_token }}<b>"})
    assert '<input type="hidden" name="from" value="&quot;{{ form }}">' in html
    assert 'value="{{ csrf_token }}&lt;b&gt;"' in html
    assert html.count("t0ken") == 1


def test_buttons() -> None:
    html = laid_out(
        FirstButton("Go"),
        SubmitButton("Save <all>", icon="play", busy="Saving", style="btn-danger", name="how", value="all"),
        SubmitButton(),
        PreviewButton("Look"),
        verb="Do it",
        preview_url="/look/",
    )
    assert html.index("<button hidden>Go</button>") < html.index("<button class")
    assert '<button class="btn btn-danger" name="how" value="all" data-busy="Saving"><svg' in html
    assert "Save &lt;all&gt;</button>" in html
    assert '<button class="btn btn-primary">Do it</button>' in html
    assert '<noscript><button class="btn btn-quiet" formaction="/look/">Look</button></noscript>' in html
    assert "Back" not in laid_out(Back())


def test_a_step_is_a_named_group() -> None:
    html = laid_out(Step(2, "Which", "name"))
    assert '<legend><span class="step" aria-hidden="true">2</span>Which</legend>' in html
    assert html.count("<fieldset") == 1


def test_a_template_is_told_what_it_is_to_say() -> None:
    html = laid_out(FromTemplate("bootstrap5/layout/hidden.html", "name", name="what", value="this"))
    assert '<input type="hidden" name="what" value="this">' in html
    assert 'id="id_name"' not in html


def test_an_entrance_and_a_card_show_what_is_wrong_with_the_form() -> None:
    class Wrong(Form):
        def clean(self) -> dict[str, Any]:
            raise forms.ValidationError("Nobody <may>.")

    for helper in (entrance("Continue"), card("name", "kind", foot=())):
        form = Wrong({"name": "x", "kind": "a"})
        form.helper = helper
        assert '<div class="callout hue-bad" role="alert">' in drawn(form)
        assert "Nobody &lt;may&gt;." in drawn(form)
        marked = Form({"kind": "a"})
        marked.helper = helper
        assert "Nothing was saved. Correct the marked field. " in drawn(marked)


def test_live_fields_are_drawn_anew_out_of_band_and_nothing_else() -> None:
    form = Form()
    form.helper = Helper(
        Row(
            LiveFields("name-field", "name", target="#card", typed=500, query="?only=name"),
            Section(LiveFields("kind-field", "kind", target="#card", wide=True), "summary"),
        )
    )
    page = drawn(form, preview_url="/look/")
    assert "hx-swap-oob" not in page
    assert 'hx-post="/look/?only=name" hx-trigger="change, input changed delay:500ms from:find input"' in page
    assert '<div class="choice field-wide" id="kind-field" hx-ext="morph" hx-post="/look/" hx-trigger="change"' in page
    part = Template('{% load mantik_forms %}{% live_fields form "kind-field" "name-field" %}')
    again = part.render(Context({"form": form, "preview_url": "/look/"}))
    assert re.findall(r'id="([\w-]+)-field"', again) == ["name", "kind"]
    assert again.count('hx-swap-oob="morph"') == 2
    assert "id_summary" not in again
    assert again.replace(' hx-swap-oob="morph"', "").split("\n")[0] in page


def _below(html: str) -> dict[str, str]:
    return dict(re.findall(r'<p class="field-(?:help|error)" id="(\w+)">([^<]*)</p>', html))
