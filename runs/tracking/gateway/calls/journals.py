"""The journals of a job's relays, which send them by themselves where a node has a way to Mantik.

Not a part of MLflow's API: only our relay asks for this (`runs/job/relay.py`), with the token of its run.
"""

from __future__ import annotations

from django.http.response import HttpResponseBase

from runs.models import Run
from runs.tracking.gateway.answers import document
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.callers import Job
from runs.tracking.gateway.refusals import Refused, forbidden, wrong
from runs.tracking.journals.inbox import NoRoom, NotTaken, receive, received_to


def where(asked: Asked) -> HttpResponseBase:
    """Up to which byte we have a journal."""
    try:
        return document({"offset": received_to(_run(asked), asked.parts["name"])})
    except NotTaken as error:
        raise wrong(str(error)) from None


def take(asked: Asked) -> HttpResponseBase:
    """The bytes of a journal that follow those that we have."""
    run, name, content = _run(asked), asked.parts["name"], asked.request.body
    try:
        return document({"offset": receive(run, name, _offset(asked), content, now=asked.now)})
    except NotTaken as error:
        raise wrong(str(error)) from None
    except NoRoom:
        raise Refused(429, "RESOURCE_EXHAUSTED", "So much waits to be applied already. Ask again later.") from None


def _run(asked: Asked) -> Run:
    if not isinstance(asked.caller, Job):
        raise forbidden("Only the job of a run sends journals, with the token of the run.")
    return asked.caller.run


def _offset(asked: Asked) -> int:
    text = asked.request.GET.get("offset", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise wrong("offset has to be a number of bytes.")
    return int(text)
