"""/healthz, /readyz and /metrics, for load balancers and monitoring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError, ResponseError

from mantik.celery import app
from mantik.lib import disk, schema
from runs.restored import marks

OK = "ok"
# The key that is written to the broker as a test, and for how many seconds it is kept there.
_KEY, _KEPT_SECONDS = "mantik.readyz", 60
# How long the broker may take for each step of that.
_BROKER_SECONDS = 1.5
_schema = schema.Watch()


class ProbeMiddleware:
    """Answers /healthz and /readyz before hosts, TLS and sessions are checked. Has to be the first middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._probes = {"/healthz": healthz, "/readyz": readyz}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._probes.get(request.path_info, self._get_response)(request)


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process is alive. Checks nothing else, so that a broken database does not get the process restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """503 until everything that requests need works. The broker is only shown: runs are stored without it.

    Disks are shown as soon as they are nearly full. They lead to 503 only if the database has no room left, as far as
    this process can see.
    """
    database = _database()
    migrations = _migrations() if database == OK else "not known"
    restore = _restore() if migrations == OK else "not known"
    checks = {
        "database": database,
        "migrations": migrations,
        "restore": restore,
        "broker": _broker(),
        "disk": _disk(),
    }
    return JsonResponse(checks, status=200 if database == migrations == restore == OK else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for requests with the token. Without one, for nobody: a machine may have other users."""
    if not _may_measure(request):
        return HttpResponseForbidden(
            "Metrics are only for requests with MANTIK_METRICS_TOKEN as a bearer token, once an operator has set it.\n",
            content_type="text/plain",
        )
    response: HttpResponse = ExportToDjangoView(request)
    return response


def _may_measure(request: HttpRequest) -> bool:
    token: str = settings.MANTIK_METRICS_TOKEN
    return bool(token) and constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    if any(one.is_full for one in disk.watch.disks() if disk.Store.DATABASE in one.stores):
        return "has no disk space left"
    return OK


def _migrations() -> str:
    """Whether the database fits this version. Everybody may read this."""
    try:
        return _schema.objection(connection) or OK
    except DatabaseError:
        return "cannot be read"


def _restore() -> str:
    """Whether the database was restored from a backup and `after_restore` was not run yet."""
    try:
        return marks.watch.why_nothing_may_start() or OK
    except DatabaseError:
        return "cannot be read"


def _broker() -> str:
    """Whether the broker accepts a value: without memory or disk space it still answers, but accepts nothing."""
    within = {"socket_connect_timeout": _BROKER_SECONDS, "socket_timeout": _BROKER_SECONDS}
    try:
        with app.connection_for_write(transport_options=within) as broker:
            broker.ensure_connection(max_retries=0)
            channel: Any = broker.default_channel
            channel.client.set(_KEY, "1", ex=_KEPT_SECONDS)
    except (OperationalError, RedisError, OSError) as error:
        return _broker_trouble(error)
    disk.watch.forget(disk.Store.BROKER)
    return OK


def _broker_trouble(error: Exception) -> str:
    disk.watch.notice(error)
    if refusal := disk.refusal_in(error):
        return f"takes no messages: it has no {refusal.lack} left"
    # kombu wraps a refusal, and keeps it as the cause.
    refused = isinstance(error, ResponseError) or isinstance(error.__cause__, ResponseError)
    return "takes no messages" if refused else "does not answer"


def _disk() -> str:
    return " ".join(map(str, disk.watch.shortages())) or OK
