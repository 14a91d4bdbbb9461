"""Wrappers of views: a form of allauth's with errors is sent with 422, a provider that fails becomes a page, and what
concerns the safety of an account asks again who one is."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import requests
import structlog
from allauth.account import app_settings
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from mantik.accounts.models import User
from mantik.audit.services import record
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


def in_one_transaction(view: View) -> View:
    """For allauth's views that change a row and then send the signal on which its event is written."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with transaction.atomic():
            return view(request, *args, **kwargs)

    return answer


def records_new_codes(view: View) -> View:
    """Write the event of new recovery codes with them: allauth's signal comes after the commit."""

    @in_one_transaction
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        before = _codes_of(request)
        response = view(request, *args, **kwargs)
        if _codes_of(request) != before:
            assert isinstance(request.user, User)
            record("account.recovery_codes_renewed", actor=request.user, target=request.user)
        return response

    return answer


def _codes_of(request: HttpRequest) -> int | None:
    rows = Authenticator.objects.filter(user_id=request.user.pk, type=Authenticator.Type.RECOVERY_CODES)
    return rows.values_list("pk", flat=True).first() if request.method == "POST" else None


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


def identity_confirmed(view: View) -> View:
    """For views that concern the safety of an account: ask again who one is, unless one was asked a moment ago.

    allauth asks for the password or a second factor, whichever the account has. A form that was sent is kept meanwhile,
    without its secrets (mantik/kept_forms/). Where a permission or a row is looked for first, wrap what follows.
    """
    asked: View = login_required(reauthentication_required(sign_in_is_fresh(view)))

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # allauth does not count a sign-in, after which nobody understands why they are asked at once.
        return (view if _has_just_signed_in(request) else asked)(request, *args, **kwargs)

    return answer


def sign_in_is_fresh(view: View) -> View:
    """Ask for another sign-in at the provider, if the account has no other way and the last one is not from now.

    allauth lets such an account through whenever it would ask for a password or a second factor.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not _is_fresh(request):
            query = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
            return redirect(f"{reverse('account_sign_in_again')}?{query}")
        return view(request, *args, **kwargs)

    return answer


def _is_fresh(request: HttpRequest) -> bool:
    if get_account_adapter().get_reauthentication_methods(request.user):
        return True
    return _has_just_signed_in(request)


def _has_just_signed_in(request: HttpRequest) -> bool:
    """Or said again who they are."""
    if not request.user.is_authenticated:
        return False
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT
