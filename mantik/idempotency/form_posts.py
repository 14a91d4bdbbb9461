"""Views whose forms make something: a form takes effect once, however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from mantik.accounts.member_request import MemberRequest
from mantik.accounts.models import User
from mantik.idempotency.models import LONGEST_KIND, IdempotencyKey
from mantik.idempotency.services import Asked

View = Callable[..., HttpResponse]


def once_per_form(view: View) -> View:
    """A form that is sent again is led to where it was led first. Below `login_required`.

    The view is called in a transaction, so it must not wait for anything outside. What it answers without leading on,
    as it does if the form has errors, it has not done: the form may be sent again.
    """

    @wraps(view)
    def answer(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = Asked.by_form(request.POST)
        if request.method != "POST" or not asked.key:
            return view(request, *args, **kwargs)
        # One page may have several forms with the same contents.
        here = Asked(asked.key, {**asked.contents, "": [request.get_full_path()]})
        with transaction.atomic():
            make = partial(view, request, *args, **kwargs)
            return answered_once(request, here, make, again=HttpResponseRedirect, outcome=_led_to)

    return answer


def answered_once(
    request: HttpRequest,
    asked: Asked,
    make: Callable[[], HttpResponse],
    *,
    again: Callable[[str], HttpResponse],
    outcome: Callable[[HttpResponse], str],
) -> HttpResponse:
    """Call `make` in the transaction that is open, unless the same was `asked` before: then answer `again`.

    `outcome` is what is remembered of an answer, "" for one that has made nothing.
    """
    assert isinstance(request.user, User)
    kind = f"form {request.resolver_match.view_name}"[:LONGEST_KIND] if request.resolver_match else "form"
    row, is_new = IdempotencyKey.objects.get_or_create(user=request.user, kind=kind, digest=asked.digest)
    if not is_new:
        return again(row.answer)
    response = make()
    if found := outcome(response):
        IdempotencyKey.objects.filter(pk=row.pk).update(answer=found)
    else:
        row.delete()
    return response


def _led_to(response: HttpResponse) -> str:
    return response.url if isinstance(response, HttpResponseRedirect) else ""
