"""Wrappers of the views of allauth: a form with errors is sent with 422, a provider that fails becomes a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import requests
import structlog
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from mantik.lib.answers import WRONG

log = structlog.get_logger(__name__)
View = Callable[..., HttpResponseBase]


def status_422_for_errors(view: View) -> View:
    """Answer with status 422 a POST that leads to a page: that page is a form with errors."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse):
            response.context_data = {"nav": "account"} | (response.context_data or {})
            if request.method == "POST" and response.status_code == 200:
                response.status_code = WRONG
        return response

    return answer


def explain_provider_failure(view: View) -> View:
    """Answer with the page of a refused sign-in if the provider does not answer, or answers wrongly."""

    @wraps(view)
    def answer(request: HttpRequest, provider_id: str) -> HttpResponseBase:
        try:
            return view(request, provider_id=provider_id)
        except (requests.RequestException, KeyError, ValueError) as error:
            log.error("oidc_provider_failed", error=type(error).__name__, detail=str(error)[:200])
            provider = get_adapter().get_provider(request, provider_id)
            response: HttpResponseBase = render_authentication_error(request, provider, exception=error)
            return response

    return answer
