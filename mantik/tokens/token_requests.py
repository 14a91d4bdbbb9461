"""Requests of programs, which sign in with a token."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from mantik.accounts.member_request import MemberRequest
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.services import authenticate

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


class TokenRequest(MemberRequest):
    """A request with a valid token; `user` is its owner."""

    access_token: PersonalAccessToken


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused; `challenge` is for the header WWW-Authenticate."""

    status: int
    sentence: str
    challenge: str


def bearer_of(request: HttpRequest) -> str:
    """The token in ``Authorization: Bearer``; "" if there is none."""
    bearer = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    return bearer[1] if bearer else ""


def token_required(
    scope: Scope,
) -> Callable[
    [Callable[Concatenate[TokenRequest, P], R]],
    Callable[Concatenate[HttpRequest, P], R | HttpResponse],
]:
    """For views of programs: a valid token that covers `scope`, in ``Authorization: Bearer``; cookies do not count."""

    def decorate(
        view: Callable[Concatenate[TokenRequest, P], R],
    ) -> Callable[Concatenate[HttpRequest, P], R | HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R | HttpResponse:
            token = authenticate(bearer_of(request), now=timezone.now())
            if token is None:
                return _refused(_unknown())
            if not Scope(token.scope).covers(scope):
                return _refused(_too_little(token, scope))
            request.user = token.user
            request.access_token = token  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)  # type: ignore[arg-type]

        return csrf_exempt(guarded)

    return decorate


def _refused(refusal: Refusal) -> HttpResponse:
    answer = JsonResponse({"error": refusal.sentence}, status=refusal.status)
    answer["WWW-Authenticate"] = refusal.challenge
    return answer


def _unknown() -> Refusal:
    sentence = (
        "This needs a valid personal access token in the header Authorization: Bearer <token>. Add one under "
        "Settings > Tokens."
    )
    return Refusal(401, sentence, 'Bearer realm="Mantik"')


def _too_little(token: PersonalAccessToken, scope: Scope) -> Refusal:
    has = token.get_scope_display()
    sentence = f"The token {token.name} has the scope {has}, but this needs {scope.label}. Add one with that scope."
    return Refusal(403, sentence, f'Bearer realm="Mantik", error="insufficient_scope", scope="{scope}"')
