"""Answers that many views share: the status of a form with errors, and the page that asks for confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

# For what was sent and is not as it has to be.
WRONG = 422


def status_of(form: BaseForm) -> int:
    """422 for a form with errors, else 200."""
    return WRONG if form.is_bound and form.errors else 200


def status_without_form(request: HttpRequest) -> int:
    """Of a page that says why there is no form: 422 if one was sent, else 200."""
    return WRONG if request.method == "POST" else 200


def way_back(request: HttpRequest) -> str:
    """The page of ours that `next` names, to which a person wants to return; "" if it names none.

    It stands in the address, or in a form.
    """
    named: str = request.POST.get("next", "") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        named, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return named if is_ours else ""


@dataclass(frozen=True)
class Confirmation:
    """The context of components/confirm.html, which explains each of these."""

    title: str
    verb: str
    message: str = ""
    points: Sequence[str] = ()
    options: BaseForm | None = None
    icon_name: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)
    instead_url: str = ""
    instead_label: str = ""
    back_label: str = "Back"


def ask(
    request: HttpRequest,
    question: Confirmation,
    *,
    nav: str,
    back_url: str,
    project: object = None,
    template: str = "",
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """The page that asks; `nav` is its item in the sidebar of `project`, or of the settings. It POSTs to itself."""
    own = {"nav": nav, "project": project, "action_url": request.path, "back_url": back_url}
    usual = "confirm.html" if project else "confirm_settings.html"
    return render(request, template or usual, {**own, **vars(question), **context}, status=status)
