"""The gateway: MLflow's API for MLflow's own clients, at /tracking/.

Nothing that a client sends reaches MLflow as it was sent: a call on the list (`routes.py`) takes the fields that it
knows, asks whether this caller may do that, and writes the request anew. No answer is a redirect, which a client would
follow with its token.
"""

from __future__ import annotations

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from connections.mlflow.errors import TrackingError
from mantik.lib.handed_on import finished
from runs.tracking.gateway import routes
from runs.tracking.gateway.answers import error_for
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.callers import caller_of
from runs.tracking.gateway.closed import sentence_for
from runs.tracking.gateway.fields import Unclear
from runs.tracking.gateway.refusals import Refused, not_offered, wrong

PREFIX = "/tracking/"


@csrf_exempt
def tracking(request: HttpRequest, **_rest: str) -> HttpResponseBase:
    """For another web server than ours, and for tests: the thread waits for MLflow."""
    return finished(answer(request), request.body)


def answer(request: HttpRequest) -> HttpResponseBase:
    """The answer to a request below PREFIX; a HandedOn if MLflow is to be asked."""
    try:
        return _answer(request)
    except Unclear as unclear:
        return error_for(wrong(str(unclear)))
    except SuspiciousOperation:
        # Django's, of an address with thousands of fields.
        return error_for(wrong("The address or the body has more than can be read. Ask for less at a time."))
    except (Refused, TrackingError) as error:
        return error_for(error)


def _answer(request: HttpRequest) -> HttpResponseBase:
    path = request.path_info.removeprefix(PREFIX)
    # Decoded once by the server: what decodes again could be read as another path by who does.
    if "%" in path or not path.isprintable():
        raise wrong("The address holds '%' or a character that cannot be printed, once it is decoded. Leave it out.")
    found = routes.find(request.method or "", path)
    if found is None:
        raise not_offered(sentence_for(request.method or "", path))
    route, parts = found
    now = timezone.now()
    caller = caller_of(request, now=now)
    return route.call(Asked(request, caller, path, now, parts))
