"""For load balancers and monitoring: alive, ready, measured."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from kombu.exceptions import OperationalError

from mantik.celery import app
from mantik.lib import schema

OK = "ok"
_schema = schema.Watch()


class ProbeMiddleware:
    """Answers /healthz and /readyz before hosts, TLS and sessions come into it. Goes first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._probes = {"/healthz": healthz, "/readyz": readyz}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._probes.get(request.path_info, self._get_response)(request)


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else, so that a broken database does not get it restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """503 until what a request needs is there. The broker is shown, not needed: runs are kept without it."""
    database = _database()
    migrations = _migrations() if database == OK else "not known"
    checks = {"database": database, "migrations": migrations, "broker": _broker()}
    return JsonResponse(checks, status=200 if database == migrations == OK else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for the machine itself or for who has the token."""
    if not _may_measure(request):
        return HttpResponseForbidden(
            "Metrics are for this machine only, or for who sends MANTIK_METRICS_TOKEN as a bearer token.\n",
            content_type="text/plain",
        )
    response: HttpResponse = ExportToDjangoView(request)
    return response


def _may_measure(request: HttpRequest) -> bool:
    token: str = settings.MANTIK_METRICS_TOKEN
    if token:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")
    # Whatever comes through a proxy on this machine has its address, too.
    came_through_proxy = settings.MANTIK_BEHIND_PROXY or "X-Forwarded-For" in request.headers
    return not came_through_proxy and request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return OK


def _migrations() -> str:
    """Whether the database is one of this code. Anybody may read this."""
    try:
        return _schema.objection(connection) or OK
    except DatabaseError:
        return "cannot be read"


def _broker() -> str:
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=0)
    except (OperationalError, OSError):
        return "does not answer"
    return OK
