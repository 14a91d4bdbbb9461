"""What the server is, for clients that ask."""

from __future__ import annotations

from django.http import HttpResponse

from runs.tracking.gateway.answers import document
from runs.tracking.gateway.asked import Asked

# Of MLflow's API. Clients send spans in another way to servers before 3.4; a test compares it with the pinned version.
API_VERSION = "3.17.2"
_INFO = {
    "store_type": "SqlStore",
    "workspaces_enabled": False,
    "trace_archival_enabled": False,
    "multipart_uploads_enabled": False,
    "multipart_downloads_enabled": False,
}


def info(asked: Asked) -> HttpResponse:
    asked.fields({})
    return document(_INFO)


def version(asked: Asked) -> HttpResponse:
    asked.fields({})
    return HttpResponse(API_VERSION, content_type="text/plain")
