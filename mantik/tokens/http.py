"""Requests of programs, which sign in with a token."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from mantik.accounts.http import MemberRequest
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.services import authenticate

P = ParamSpec("P")
_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


class TokenRequest(MemberRequest):
    """A request with a valid token; `user` is its owner."""

    access_token: PersonalAccessToken


def token_required(
    scope: Scope,
) -> Callable[
    [Callable[Concatenate[TokenRequest, P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    """For views of programs: a valid token that covers `scope`, in ``Authorization: Bearer``; cookies do not count."""

    def decorate(
        view: Callable[Concatenate[TokenRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            bearer = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
            token = authenticate(bearer[1], now=timezone.now()) if bearer else None
            if token is None:
                return _unknown()
            if not Scope(token.scope).covers(scope):
                return _too_little(token, scope)
            request.user = token.user
            request.access_token = token  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)  # type: ignore[arg-type]

        return csrf_exempt(guarded)

    return decorate


def _unknown() -> HttpResponse:
    sentence = (
        "This needs a personal access token that is valid, as Authorization: Bearer <token>. "
        "Make one in your settings under Tokens."
    )
    return JsonResponse({"error": sentence}, status=401, headers={"WWW-Authenticate": 'Bearer realm="Mantik"'})


def _too_little(token: PersonalAccessToken, scope: Scope) -> HttpResponse:
    sentence = f"The token {token.name} has the scope {token.scope}, and this needs {scope}. Make one with that scope."
    challenge = f'Bearer realm="Mantik", error="insufficient_scope", scope="{scope}"'
    return JsonResponse({"error": sentence}, status=403, headers={"WWW-Authenticate": challenge})
