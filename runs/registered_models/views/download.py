"""A registered model as one file."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from connections.mlflow.errors import TrackingError
from mantik.lib.downloads import DownloadResponse
from projects.permissions import Action
from runs.registered_models.download import ZipDownload
from runs.registered_models.views.loading import model_or_404


@require_GET
def download(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponseBase:
    model = model_or_404(request, slug, uuid, Action.DOWNLOAD_ARTIFACTS)
    if not model.is_registered:
        raise Http404
    try:
        archive = ZipDownload(model)
    except TrackingError as error:
        messages.error(request, error.message)
        return redirect("registered_models:detail", slug, uuid)
    return DownloadResponse(
        request, archive, size=archive.size, name=f"{model.name}.zip", content_type="application/zip"
    )
