"""A registered model as one file."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from connections.mlflow.errors import TrackingError
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
    # A job wrote this file: it must never run as a page of Mantik.
    headers = {
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Content-Length": str(archive.size),
    }
    response = StreamingHttpResponse(archive, content_type="application/zip", headers=headers)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{model.name}.zip")
    return response
