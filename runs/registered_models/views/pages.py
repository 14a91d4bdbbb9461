"""The pages of registered models: the list, one model, and its certificate."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from mantik.lib.live import Shown, nothing_new, part
from mantik.lib.paging import page_by_pk
from projects.permissions import Action, may
from projects.views.loading import project_or_404
from runs.registered_models.detail import TABS, live_parts, model_page
from runs.registered_models.filters import ModelFilter
from runs.registered_models.models import RegisteredModel
from runs.registered_models.rows import model_rows
from runs.registered_models.states import UNDER_WAY
from runs.registered_models.versions import list_version, model_version
from runs.registered_models.views.loading import Gone, gone_page, model_or_404

PAGE_SIZE = 50


@require_GET
def model_list(request: HttpRequest, slug: str) -> HttpResponse:
    shown = Shown(request, now=timezone.now())
    version = ""
    if shown.is_part:
        # One more than is shown tells whether there are older ones.
        version = list_version(slug, request.GET, user=request.user.pk, most=PAGE_SIZE + 1)
    if shown.is_still(version):
        return nothing_new()
    project = project_or_404(request, slug)
    filters = ModelFilter(request.GET, project=project, path=request.path)
    found = filters.apply(RegisteredModel.objects.filter(project=project)).for_rows()
    page = page_by_pk(found, cursor=request.GET.get("page", ""), size=PAGE_SIZE)
    metrics = filters.columns(page.rows)
    is_live = page.newer is None and any(model.state in UNDER_WAY for model in page.rows)
    context = {
        "id": "model-rows",
        "project": project,
        "nav": "models",
        "filters": filters,
        "menu": filters.menu(page.rows),
        "metrics": metrics,
        "rows": model_rows(page.rows, metrics=metrics, user=request.user, project=project, now=timezone.now()),
        "page": page,
        "live": shown.live(version) if is_live else None,
        "may_register": may(request.user, Action.REGISTER_MODEL, project),
    }
    if shown.is_part:
        return part(request, "registered_models/_rows.html", context)
    return render(request, "registered_models/list.html", context)


@require_GET
def detail(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    tab = request.GET.get("tab", "overview")
    if tab not in TABS:
        raise Http404
    return _page(request, slug, uuid, tab)


@require_GET
def certificate(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    return _page(request, slug, uuid, "certificate")


@require_GET
def live(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    """Header and actions, polled while workers register or unregister the model."""
    now = timezone.now()
    shown, version = Shown(request, now=now), model_version(slug, uuid, user=request.user.pk)
    if shown.is_still(version):
        return nothing_new()
    try:
        model = model_or_404(request, slug, uuid)
    except Gone as gone:
        return gone_page(request, gone)
    parts = live_parts(model, user=request.user, now=now, live=shown.live(version))
    return part(request, "registered_models/_live.html", parts)


@require_GET
def certificate_download(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    """The exact bytes of the document."""
    model = model_or_404(request, slug, uuid)
    if not model.certificate:
        raise Http404
    response = HttpResponse(model.certificate.encode(), content_type="application/json")
    name = f"{model.name}.certificate.json"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _page(request: HttpRequest, slug: str, uuid: UUID, tab: str) -> HttpResponse:
    try:
        model = model_or_404(request, slug, uuid)
    except Gone as gone:
        return gone_page(request, gone)
    context = model_page(model, user=request.user, tab=tab, now=timezone.now())
    return render(request, "registered_models/detail.html", context)
