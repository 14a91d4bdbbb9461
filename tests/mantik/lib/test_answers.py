"""A form that is wrong and the question before something is undone: each has one place that answers it."""

from __future__ import annotations

import ast

import pytest
from django import forms
from django.test import RequestFactory

from mantik.accounts.models import User
from mantik.lib.answers import WRONG, Confirmation, ask, status_of
from projects.models import Project
from tests.support.pages import page_text
from tests.support.places import TOP

APPS = ("mantik", "connections", "projects", "runs", "schedules")
QUESTION = Confirmation(
    title="Burn the <shelf>?",
    verb="Burn shelf",
    message="It is gone then.",
    points=["its books"],
    hidden={"match": "red & dry"},
)


class Form(forms.Form):
    name = forms.CharField()


@pytest.mark.parametrize(("data", "status"), [(None, 200), ({"name": "x"}, 200), ({}, 422)])
def test_only_a_form_that_was_sent_and_is_wrong_is_refused(data: dict[str, str] | None, status: int) -> None:
    assert status_of(Form(data)) == status


@pytest.mark.django_db
@pytest.mark.parametrize("is_project", [True, False])
def test_a_question_stands_in_its_room_and_is_answered_where_it_was_asked(
    rf: RequestFactory, project: Project, owner: User, is_project: bool
) -> None:
    request = rf.get("/shelf/burn/?x=1")
    request.user = owner
    answer = ask(
        request, QUESTION, nav="groups", project=project if is_project else None, back_url="/shelf/", status=409
    )
    content, words = answer.content.decode(), page_text(answer)
    assert answer.status_code == 409
    assert "Burn the <shelf>? It is gone then. its books Back Burn shelf" in words
    assert words.startswith(f"Burn shelf · {project.name if is_project else 'Mantik'}")
    assert 'method="post" action="/shelf/burn/"' in content
    assert '<input type="hidden" name="match" value="red &amp; dry">' in content
    assert 'href="/shelf/" data-dialog-close' in content


def test_no_view_asks_or_refuses_in_its_own_way() -> None:
    own = {WRONG, "confirm.html", "confirm_settings.html"}
    modules = {path: ast.parse(path.read_text()) for app in APPS for path in (TOP / app).rglob("*.py")}
    found = {
        path.relative_to(TOP).as_posix()
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in own
    }
    assert found == {"mantik/lib/answers.py"}
