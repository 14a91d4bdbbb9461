"""A form that could not be stored comes back as it was sent, but for its secrets; a forgery never does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.forms.forms import BaseForm
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import get_resolver

from connections.forms import SecretForm
from connections.logins.kinds import TRAITS, Kind
from mantik.lib.sent_forms import SECRET, SentForm, sent_form

TOKEN = "c" * 32
ADD = "/projects/add/"
# Where people type what nobody else may read, although the field shows it: codes that are valid once, what the admin
# stores for a provider, and the key in the address of a letter.
SHOWN_SECRETS = {"code", "secret", "key"}


def posted(path: str = ADD, *, cookie: str = TOKEN, origin: str = "", **fields: Any) -> HttpRequest:
    request = RequestFactory(enforce_csrf_checks=True).post(path, {"csrfmiddlewaretoken": TOKEN} | fields)
    request.COOKIES["mantik-csrf"] = cookie
    if origin:
        request.META["HTTP_ORIGIN"] = origin
    return request


def came_back(request: HttpRequest) -> SentForm:
    form = sent_form(request)
    assert form
    return form


def test_all_that_was_typed_comes_back() -> None:
    form = came_back(posted("/projects/add/?from=x", name="PV", labels=["a", "b"], summary="one\r\ntwo", empty=""))
    assert form.action_url == "/projects/add/?from=x"
    assert form.csrf_token == TOKEN
    values = [("name", "PV"), ("labels", "a"), ("labels", "b"), ("summary", "one\r\ntwo"), ("empty", "")]
    assert form.pairs == [("csrfmiddlewaretoken", TOKEN), *values]
    assert [value for _, value in form.seen] == ["PV", "a", "b", "one\r\ntwo"]
    assert not form.takes_effect_once
    assert came_back(posted(name="PV", idempotency_key="k")).takes_effect_once


def test_what_is_secret_is_asked_for_again() -> None:
    form = came_back(posted("/accounts/sign-in/", login="alice", password="hunter2-hunter2", remember="on"))
    drawn = form.form.helper.render_layout(form.form, context())
    assert "hunter2" not in drawn + repr(form.seen)
    assert [(name, type(field.widget)) for name, field in form.form.fields.items()] == [
        ("password", forms.PasswordInput)
    ]
    assert '<input type="password" name="password"' in drawn
    assert '<input type="hidden" name="login" value="alice">' in drawn
    key = came_back(posted(name="x", secret="-----BEGIN\r\nabc\r\n-----END")).form.fields["secret"]
    assert isinstance(key.widget, forms.Textarea)
    # What was left empty may stay so.
    assert came_back(posted(name="x", new_oidc_secret="")).secrets == []


def context() -> Any:
    from django.template import Context

    return Context({"csrf_token": TOKEN})


@pytest.mark.parametrize(
    "forgery",
    [
        posted(cookie="", name="x"),
        posted(cookie="d" * 32, name="x"),
        posted(origin="https://evil.example", name="x"),
        posted("/nowhere/", name="x"),
        # Programs send these, and no page of ours does.
        posted("/notify/6f1c1a1e-3df3-4a6b-8d4f-4ba2a7f70d0d/token/", name="x"),
        posted("/tracking/api/2.0/mlflow/runs/get", name="x"),
        RequestFactory().get(ADD),
        # That of a passkey was made for this one time.
        posted("/accounts/sign-in/", credential="{}"),
    ],
    ids=["no cookie", "another cookie", "another site", "no page", "notify", "tracking", "get", "passkey"],
)
def test_nothing_else_comes_back(forgery: HttpRequest) -> None:
    assert sent_form(forgery) is None


def test_a_check_that_was_made_is_made_again() -> None:
    forgery = posted(cookie="d" * 32, name="x")
    forgery.csrf_processing_done = True  # type: ignore[attr-defined]
    assert sent_form(forgery) is None


def test_the_secrets_of_all_forms_are_known() -> None:
    hidden: set[str] = set()
    shown: set[str] = set()
    for name, field in fields_of_all_forms():
        is_hidden = isinstance(field.widget, forms.PasswordInput)
        (hidden if is_hidden else shown).add(name)
    assert {name for name in hidden if not SECRET.fullmatch(name)} == set()
    assert {name for name in shown - hidden if SECRET.fullmatch(name)} <= SHOWN_SECRETS
    assert SECRET.fullmatch("form-0-password")
    # A parameter of somebody's MLproject may have any name, and is shown wherever it is used.
    assert not SECRET.fullmatch("parameter-secret")


def fields_of_all_forms() -> Iterator[tuple[str, forms.Field]]:
    get_resolver().url_patterns  # noqa: B018 - loads the views, and these the forms
    for form in _below(BaseForm):
        yield from getattr(form, "base_fields", {}).items()
    for kind in Kind:
        if not TRAITS[kind].has_key_pair:
            yield from SecretForm(kind=kind).fields.items()


def _below(cls: type[BaseForm]) -> Iterator[type[BaseForm]]:
    for below in cls.__subclasses__():
        yield below
        yield from _below(below)
