"""A form as it was sent, for the page that offers to send it again because it could not be stored.

Nothing here needs a session or the database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from crispy_forms.layout import Column
from django import forms
from django.core.exceptions import SuspiciousOperation
from django.forms.utils import pretty_name
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import Resolver404, resolve

from mantik.lib.form_layout import Carried, Helper, Rest, SubmitButton

# Fields that are asked for again, and never put on a page. The admin's forms of several rows put a prefix before them.
# tests/mantik/lib/test_sent_forms.py compares this with the fields of all forms.
SECRET = re.compile(r"(\w+-\d+-)?((old_?|new_)?password[12]?|secret|new_oidc_secret|code|key)", re.ASCII)
# What a browser has made for this one time, and nobody can type: of a passkey.
_MADE_BY_BROWSER = "credential"
_CSRF, _ONCE = "csrfmiddlewaretoken", "idempotency_key"
# Nobody has typed these, nor what a form has proposed.
_UNSEEN = frozenset({_CSRF, _ONCE, "form_of", "next", "code_seen", "revision"})
_PROPOSED = "proposed-"


# The name of its field, and whether it has lines, as a key has.
Secret = tuple[str, bool]


class SendAgainForm(forms.Form):
    """Carries `pairs`, and asks for `secrets`."""

    def __init__(self, pairs: list[tuple[str, str]], secrets: list[Secret]) -> None:
        super().__init__()
        for name, has_lines in secrets:
            widget = forms.Textarea if has_lines else forms.PasswordInput
            attrs = {"autocomplete": "off"}
            self.fields[name] = forms.CharField(label=pretty_name(name), widget=widget(attrs=attrs))
        carried = [Carried(name, value) for name, value in pairs]
        button = SubmitButton("Send again", busy="Sending", style="btn-primary btn-block")
        self.helper = Helper(Column(Rest()), *carried, button)


@dataclass(frozen=True)
class SentForm:
    """`pairs` are its fields, in order, with their values; `secrets` those among them that are asked for again."""

    action_url: str
    pairs: list[tuple[str, str]]
    secrets: list[Secret]

    @property
    def takes_effect_once(self) -> bool:
        return bool(dict(self.pairs).get(_ONCE))

    @property
    def csrf_token(self) -> str:
        """The token that it was sent with, which has been checked."""
        return dict(self.pairs)[_CSRF]

    @property
    def seen(self) -> list[tuple[str, str]]:
        """What people have filled in, for them to read."""
        typed = [(name, value) for name, value in self.pairs if value.strip() and name not in _UNSEEN]
        return [(pretty_name(name), value) for name, value in typed if not name.startswith(_PROPOSED)]

    @property
    def form(self) -> SendAgainForm:
        return SendAgainForm([(name, value) for name, value in self.pairs if name != _CSRF], self.secrets)


def sent_form(request: HttpRequest) -> SentForm | None:
    """The form that `request` sent; None unless a page of ours has sent it, and it can be sent again."""
    return form_in(request) if request.method == "POST" and _is_ours(request) else None


def form_in(request: HttpRequest) -> SentForm | None:
    """As `sent_form`, whoever has sent it: what is found must not be sent again before that is known."""
    try:
        sent = [(name, str(value)) for name, values in request.POST.lists() for value in values]
    except (SuspiciousOperation, UnreadablePostError):
        return None
    if _CSRF not in request.POST or request.FILES or request.POST.get(_MADE_BY_BROWSER):
        return None
    secrets = [(name, value) for name, value in sent if value and SECRET.fullmatch(name)]
    pairs = [pair for pair in sent if pair not in secrets]
    return SentForm(request.get_full_path(), pairs, [(name, "\n" in value.strip()) for name, value in secrets])


def holds_secret(request: HttpRequest) -> bool:
    return any(SECRET.fullmatch(name) for name in request.POST)


def _is_ours(request: HttpRequest) -> bool:
    """Whether the request is no forgery. The error may have come before that was checked."""
    try:
        view = resolve(request.path_info).func
        if getattr(view, "csrf_exempt", False):
            return False
        # Otherwise a check that was done would not be done again.
        request.csrf_processing_done = False  # type: ignore[attr-defined]
        check = _Check(_no_view)
        check.process_request(request)
        return check.process_view(request, view, (), {}) is None
    except (Resolver404, SuspiciousOperation, UnreadablePostError):
        return False


class _Check(CsrfViewMiddleware):
    """Returns the reason of a refusal in place of a page, which would need the database."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:  # noqa: ARG002
        return reason


def _no_view(_request: HttpRequest) -> HttpResponse:
    raise AssertionError("Only the check is made.")
