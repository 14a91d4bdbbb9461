"""The page of an experiment: the table of its runs, and what belongs to it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.lib.answers import WRONG, status_of
from mantik.lib.live import Shown, nothing_new, part
from mantik.lib.query_time import TooSlow
from mantik.lib.query_values import whole_number, without_nul
from projects.models import Experiment
from projects.permissions import Action, may
from projects.services.experiments import may_edit
from projects.views.loading import project_or_404, refusal
from runs.following.outcomes import may_change
from runs.pages.versions import right_for, table_version
from runs.table.columns import columns_of, keep_columns
from runs.table.completion import completions
from runs.table.export import Export
from runs.table.filters import TableFilter
from runs.table.forms import ColumnsForm, ExpressionForm, MetricForm
from runs.table.heads import group_menu, heads, own_head
from runs.table.names_offered import names_offered
from runs.table.pinning import pin_metric
from runs.table.table import SLOW, Table, View, counted_runs, read_charts, read_table
from runs.table.tokens import Misread

_ROWS = "runs/_experiment_rows.html"
_PAGE = "projects:experiment"


@require_GET
def experiment_page(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    now = timezone.now()
    shown = Shown(request, now=now)
    version = table_version(slug, uuid, user=request.user.pk) if shown.is_part else ""
    if shown.is_still(version):
        return nothing_new()
    experiment = _experiment_or_404(request, slug, uuid)
    view = View(experiment, request.user, TableFilter(request.GET, path=request.path))
    table = read_table(view, cursor=request.GET.get("page", ""), now=now)
    is_live = table.page.newer is None and any(may_change(run, now=now) for run in table.page.rows)
    live = shown.live(version, lasts=right_for(table.page.rows, now=now)) if is_live else None
    context = _context_of_rows(request, view, table) | {"live": live}
    if shown.is_part:
        return part(request, _ROWS, context)
    context |= {
        "nav": "experiments",
        "experiment": experiment,
        "counted": counted_runs(experiment),
        "charts": read_charts(view),
        "form": ExpressionForm(
            view.filters, names_url=_url("experiment-names", experiment), is_wrong=table.problem is not None
        ),
        "group_menu": group_menu(view),
        "grouped_by": view.group.name if view.group else "",
        "may_edit": request.user.is_authenticated and may_edit(request.user, experiment),
    }
    return render(request, "runs/experiment.html", context, status=WRONG if table.problem else 200)


@require_GET
def names(request: HttpRequest, slug: str, uuid: UUID) -> JsonResponse:
    """What may be typed next where the cursor is."""
    experiment = _experiment_or_404(request, slug, uuid)
    text, at = request.GET.get("text", ""), request.GET.get("at", "")
    place = whole_number(at)
    found = completions(experiment, without_nul(text), len(text) if place is None else place)
    return JsonResponse({"completions": [vars(one) for one in found]})


@require_GET
def export_csv(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponseBase:
    return _export(request, slug, uuid, ending="csv", content_type="text/csv; charset=utf-8")


@require_GET
def export_json(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponseBase:
    return _export(request, slug, uuid, ending="json", content_type="application/json")


@login_required
@require_http_methods(["GET", "POST"])
def choose_columns(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """A GET may carry the columns that were chosen so far, so that names can be added one by one without a script."""
    experiment = _experiment_or_404(request, slug, uuid)
    asked = request.GET.get("columns")
    text = " ".join(map(str, columns_of(experiment, request.user))) if asked is None else asked
    sent = request.POST or (None if asked is None else request.GET)
    form = ColumnsForm(sent, experiment=experiment, initial={"columns": text})
    if request.method == "POST" and form.is_valid():
        keep_columns(experiment=experiment, user=request.user, fields=form.cleaned_data["columns"])
        return redirect(_url("experiment", experiment))
    context = {
        "project": experiment.project,
        "nav": "experiments",
        "experiment": experiment,
        "form": form,
        "back_url": _url("experiment", experiment),
        "offered": names_offered(experiment, request.POST.get("columns", text), path=request.path),
    }
    return render(request, "runs/experiment_columns.html", context, status=status_of(form))


@login_required
@require_http_methods(["GET", "POST"])
def choose_metric(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    experiment = _experiment_or_404(request, slug, uuid)
    if not may_edit(request.user, experiment):
        raise PermissionDenied(refusal(request.user, experiment.project, "change this experiment"))
    form = MetricForm(request.POST or None, experiment=experiment)
    if request.method == "POST" and form.is_valid():
        chosen, is_more = form.cleaned_data["metric"], form.cleaned_data["direction"] == "more"
        pin_metric(experiment=experiment, actor=request.user, metric=chosen, more_is_better=is_more)
        messages.info(request, f"{chosen} is pinned." if chosen else "No metric is pinned any more.")
        return redirect(_url("experiment", experiment))
    context = {
        "project": experiment.project,
        "nav": "experiments",
        "experiment": experiment,
        "form": form,
        "back_url": _url("experiment", experiment),
    }
    return render(request, "runs/experiment_metric.html", context, status=status_of(form))


def _experiment_or_404(request: HttpRequest, slug: str, uuid: UUID) -> Experiment:
    project = project_or_404(request, slug)
    experiment: Experiment = get_object_or_404(project.experiments.all(), uuid=uuid)
    experiment.project = project
    return experiment


def _url(name: str, experiment: Experiment) -> str:
    return reverse(f"projects:{name}", args=[experiment.project.slug, experiment.uuid])


def _context_of_rows(request: HttpRequest, view: View, table: Table) -> dict[str, object]:
    return {
        "id": "experiment-rows",
        "project": view.experiment.project,
        "experiment": view.experiment,
        "filters": view.filters,
        "table": table,
        "rows": table.rows,
        "page": table.page,
        "heads": heads(view, table),
        "own_heads": {name: own_head(view, table, name, label) for name, label in _OWN_HEADS.items()},
        "is_sorted": table.order.field.name != "started",
        "may_run": may(request.user, Action.ADD_RUN, view.experiment.project),
    }


_OWN_HEADS = {"state": "State", "name": "Run", "started": "Started", "duration": "Duration", "by": "By"}


def _export(request: HttpRequest, slug: str, uuid: UUID, *, ending: str, content_type: str) -> HttpResponseBase:
    experiment = _experiment_or_404(request, slug, uuid)
    view = View(experiment, request.user, TableFilter(request.GET, path=request.path))
    try:
        export = Export(view, now=timezone.now())
    except Misread as misread:
        return _refused(f"Character {misread.at + 1} of the filter: {misread.sentence}")
    except TooSlow:
        return _refused(SLOW)
    if view.filters.left_out:
        return _refused(" ".join(view.filters.left_out))
    response = StreamingHttpResponse(export.csv() if ending == "csv" else export.json(), content_type=content_type)
    name = f"{slug}-{experiment.name}.{ending}"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    response["Cache-Control"] = "no-store"
    return response


def _refused(sentence: str) -> HttpResponse:
    """Nothing is exported rather than something else than was asked for."""
    return HttpResponse(f"{sentence}\n", status=WRONG, content_type="text/plain; charset=utf-8")
