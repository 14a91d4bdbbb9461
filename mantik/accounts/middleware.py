"""Shows times in the zone of the signed-in user, and stores when sessions were last used."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from mantik.accounts.adapters import client_ip
from mantik.accounts.sessions import note_client, was_noted_long_ago
from mantik.lib import disk


class TimeZoneMiddleware:
    """Has to follow authentication. Without a user, pages use MANTIK_TIME_ZONE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(request.user.zone if request.user.is_authenticated else None):
            return self._get_response(request)


class LastUseMiddleware:
    """Has to follow authentication. Writes once in a while, which also extends the session.

    Without room in the database it writes nothing: pages that only read are still there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            request.user.is_authenticated
            and was_noted_long_ago(request)
            and not disk.watch.is_without_room(disk.Store.DATABASE)
        ):
            note_client(request, ip=client_ip(request))
        return self._get_response(request)
