"""The admin's forms that make something: one that is sent again makes nothing more, also those of other packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from mantik.idempotency.form_posts import answered_once
from mantik.idempotency.services import Asked
from mantik.lib.revised_admin import RevisedSite

# The button that was pressed is nothing that was typed.
_BUTTONS = frozenset({"_save", "_continue", "_addanother"})
_AS_NEW = "_saveasnew"
# What a popup tells the page that opened it, in the context of its template.
_POPUP_DATA = "popup_response_data"
_POPUP_TEMPLATE = "admin/popup_response.html"


class AdminSite(RevisedSite):
    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        plain = admin_class or admin.ModelAdmin
        super().register(model_or_iterable, type(plain.__name__, (OnceAdmin, plain), {}), **options)


class OnceAdmin(admin.ModelAdmin[Any]):
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        def make() -> HttpResponse:
            return super(OnceAdmin, self).changeform_view(request, object_id, form_url, extra_context)

        # Without the permission there is nothing to make, and so no answer to remember.
        is_new = object_id is None or _AS_NEW in request.POST
        if request.method != "POST" or not is_new or not self.has_add_permission(request):
            return make()
        return _once(request, make)


def _once(request: HttpRequest, make: Callable[[], HttpResponse]) -> HttpResponse:
    asked = Asked.by_form(request.POST)
    if not asked.key:
        return make()
    typed = {name: values for name, values in asked.contents.items() if name not in _BUTTONS}
    here = Asked(asked.key, {**typed, "": [request.get_full_path()]})

    def again(answer: str) -> HttpResponse:
        if IS_POPUP_VAR in request.POST:
            return TemplateResponse(request, _POPUP_TEMPLATE, {_POPUP_DATA: answer})
        return HttpResponseRedirect(answer)

    with transaction.atomic():
        return answered_once(request, here, make, again=again, outcome=_outcome)


def _outcome(response: HttpResponse) -> str:
    """Where it leads, or what a popup tells; "" if nothing was made."""
    if isinstance(response, HttpResponseRedirect):
        return response.url
    context = response.context_data if isinstance(response, TemplateResponse) else None
    return str((context or {}).get(_POPUP_DATA, ""))
