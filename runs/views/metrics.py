"""The metrics of one run: their list, the points of their charts, and CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from mantik.lib.downloads import LongResponse
from mantik.lib.query_values import without_nul
from runs.models import Run
from runs.results.curves import LEAST_ROOM, MOST_ROOM, USUAL_ROOM, Steps, curves
from runs.results.metrics import metric_list, metrics_now
from runs.results.metrics_csv import metrics_csv
from runs.views.loading import run_or_404

# How many metrics one request may ask points of, and how many may lead.
MOST_KEYS, MOST_LEADING = 48, 100
# What MLflow takes for a step.
_LONGEST_STEP = 2**63


class _Unclear(Exception):
    """What is asked for is not clear; the message says why."""


# May be compressed, as the log.
@gzip_page
@require_GET
def metrics(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    """As `metric_list`. 204: nothing is new since the answer whose version is `known`."""
    return listed(request, [run_or_404(request, slug, uuid)])


@gzip_page
@require_GET
def points(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    """As `curves`: of the metrics `key`, for `room` buckets, of the steps `from` to `to` if they are given."""
    return drawn(request, [run_or_404(request, slug, uuid)])


@require_GET
def export(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponseBase:
    """The metrics `key`, or all."""
    run = run_or_404(request, slug, uuid)
    keys = _keys(request)
    name = f"{run.short_id}-{keys[0].replace('/', '-')}.csv" if len(keys) == 1 else f"{run.short_id}-metrics.csv"
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or ""}
    lines = (line.encode() for line in metrics_csv(run, keys))
    return LongResponse(request, lines, content_type="text/csv; charset=utf-8", headers=headers)


def listed(request: HttpRequest, runs: Sequence[Run]) -> HttpResponse:
    """The answer to a page that lists the metrics of `runs`."""

    def answer() -> HttpResponse:
        known, after = (without_nul(request.GET.get(name, "")) for name in ("known", "after"))
        lead = _number(request, "lead", usual=0, least=0, most=MOST_LEADING)
        now = metrics_now(runs)
        if known == now["version"] and not after and not now["complete"] and not now["problem"]:
            return HttpResponse(status=204)
        return JsonResponse(metric_list(runs, known=known, after=after, lead=lead))

    return _or_sentence(answer)


def drawn(request: HttpRequest, runs: Sequence[Run]) -> HttpResponse:
    """The answer to a page that draws metrics of `runs`."""

    def answer() -> HttpResponse:
        keys = _keys(request)
        if not 0 < len(keys) <= MOST_KEYS:
            raise _Unclear(f"Name 1 to {MOST_KEYS} metrics, each as key=NAME.")
        room = _number(request, "room", usual=USUAL_ROOM, least=LEAST_ROOM, most=MOST_ROOM)
        return JsonResponse(curves(runs, keys, steps=_steps(request), room=room))

    return _or_sentence(answer)


def _or_sentence(answer: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return answer()
    except _Unclear as unclear:
        return JsonResponse({"problem": str(unclear)}, status=400)


def _keys(request: HttpRequest) -> list[str]:
    return list(dict.fromkeys(map(without_nul, request.GET.getlist("key"))))


def _steps(request: HttpRequest) -> Steps | None:
    if "from" not in request.GET and "to" not in request.GET:
        return None
    first, last = (_number(request, name, least=-_LONGEST_STEP, most=_LONGEST_STEP - 1) for name in ("from", "to"))
    if first > last:
        raise _Unclear(f"The first step, {first}, comes after the last one, {last}. Exchange from and to.")
    return first, last


def _number(request: HttpRequest, name: str, *, least: int, most: int, usual: int | None = None) -> int:
    """Without `usual` it has to be given."""
    text = request.GET.get(name)
    if text is None and usual is not None:
        return usual
    try:
        value: int | None = int(text or "")
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise _Unclear(f"{name} has to be a whole number from {least} to {most}, not {text or 'nothing'}.")
    return value
