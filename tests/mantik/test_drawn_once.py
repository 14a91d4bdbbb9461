"""What `drawn_once` keeps depends on nothing but the values that it was drawn with."""

from __future__ import annotations

import re

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe

from runs.states import Badge
from tests.support.places import TOP

TEMPLATES = TOP / "templates"
UNSEEN = re.compile(r"{#.*?#}|{% comment %}.*?{% endcomment %}", re.DOTALL)
KEPT = sorted(
    {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r'{% drawn_once "([^"]+)"', UNSEEN.sub("", path.read_text()))
    }
)
# None of them asks for the request, the time of day or the time zone.
TAGS = {"if", "elif", "else", "endif", "for", "empty", "endfor", "with", "endwith", "load", "icon", "growing_duration"}
OF_REQUEST = re.compile(r"\b(request|user|perms|messages|csrf_token|now)\b")


@pytest.mark.parametrize("name", KEPT)
def test_a_component_that_is_kept_asks_for_nothing_else(name: str) -> None:
    text = UNSEEN.sub("", (TEMPLATES / name).read_text())
    assert set(re.findall(r"{% (\w+)", text)) <= TAGS
    assert not [one for one in re.findall(r"{[{%](.*?)[}%]}", text) if OF_REQUEST.search(one)]


def test_there_are_some() -> None:
    assert "components/status_badge.html" in KEPT


def drawn(**values: object) -> str:
    names = " ".join(f"{name}={name}" for name in values)
    template = Template(f'{{% load mantik_ui %}}{{% drawn_once "components/row_detail.html" {names} %}}')
    return template.render(Context(values))


def test_text_stays_text_after_the_same_text_was_safe() -> None:
    assert "<b>" in drawn(text=mark_safe("<b>x</b>"))
    assert "&lt;b&gt;" in drawn(text="<b>x</b>")


def test_other_values_are_drawn_anew() -> None:
    template = Template('{% load mantik_ui %}{% drawn_once "components/status_badge.html" badge=badge %}')
    first, second = (
        template.render(Context({"badge": Badge(label, "ok", "check")})) for label in ("Finished", "Failed")
    )
    assert "Finished" in first
    assert "Failed" in second
