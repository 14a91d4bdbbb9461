"""The demo's browser: it reads forms as browsers do, and repeats what a page complains about."""

from __future__ import annotations

import pytest
from pytest_django.live_server_helper import LiveServer

from mantik.demo import DemoFailed
from mantik.demo.visitor import Visitor, read_page
from tests.support.factories import PASSWORD, make_user


def test_a_page_gives_what_its_form_would_send() -> None:
    page = read_page(
        '<form><input type="hidden" name="token" value="t"><input name="name">'
        '<select name="branch"><option value="main">main</option><option value="dev" selected>dev</option></select>'
        '<select name="site"><option value="a">A</option><option value="b">B</option></select></form>'
    )
    assert page.fields == {"token": "t", "name": "", "branch": "dev", "site": "a"}


def test_a_page_gives_the_sentences_that_it_complains_with() -> None:
    page = read_page(
        '<div class="callout" role="alert"><p>Nothing was saved.</p></div>'
        '<p class="field-help">Help</p><p class="field-error" id="e">There is no branch <b>x</b>.</p><p>Rest</p>'
    )
    assert page.complaints == ["Nothing was saved.", "There is no branch x ."]


@pytest.mark.django_db(transaction=True)
def test_it_signs_in_through_the_form(live_server: LiveServer) -> None:
    make_user("ada")
    with Visitor(live_server.url) as visitor:
        visitor.sign_in("ada", PASSWORD)
        assert "Projects" in visitor.look_at("/projects/")


@pytest.mark.django_db(transaction=True)
def test_a_wrong_password_ends_with_the_words_of_the_page(live_server: LiveServer) -> None:
    make_user("ada")
    with Visitor(live_server.url) as visitor, pytest.raises(DemoFailed, match="The user name or the password is wrong"):
        visitor.sign_in("ada", "wrong")


@pytest.mark.django_db(transaction=True)
def test_a_page_that_is_not_there_is_named(live_server: LiveServer) -> None:
    with (
        Visitor(live_server.url) as visitor,
        pytest.raises(DemoFailed, match="/nowhere/ cannot be opened: it answers with the status 404"),
    ):
        visitor.look_at("/nowhere/")


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    with Visitor("http://127.0.0.1:9") as visitor, pytest.raises(DemoFailed, match="does not answer"):
        visitor.look_at("/projects/")
