"""The tables of runs: that of an experiment, which is its page, and that of all runs of a project."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.lib.answers import WRONG, status_of
from mantik.lib.live import Shown, nothing_new, part
from mantik.lib.query_time import TooSlow
from mantik.lib.query_values import whole_number, without_nul
from projects.permissions import Action, may
from projects.services.experiments import may_edit
from projects.views.loading import project_or_404
from runs.following.outcomes import may_change
from runs.pages.tabs import tabs
from runs.pages.versions import right_for, table_version
from runs.table.columns import columns_of, keep_columns
from runs.table.completion import completions
from runs.table.export import Export
from runs.table.filters import TableFilter
from runs.table.forms import ColumnsForm, ExpressionForm
from runs.table.heads import group_menu, heads, own_head
from runs.table.names_offered import names_offered
from runs.table.scope import Scope
from runs.table.table import Table, View, counted_runs, read_charts, read_table
from runs.table.tokens import Misread
from runs.views.loading import experiment_or_404

_ROWS = "runs/_table_rows.html"
_OWN_HEADS = {"state": "State", "name": "Run", "started": "Started", "duration": "Duration", "by": "By"}


@require_GET
def table(request: HttpRequest, slug: str, uuid: UUID | None = None) -> HttpResponse:
    """`uuid`, here and below: of the experiment; None for all runs of the project."""
    now = timezone.now()
    shown = Shown(request, now=now)
    version = table_version(slug, uuid, user=request.user.pk) if shown.is_part else ""
    if shown.is_still(version):
        return nothing_new()
    view = _view(request, slug, uuid)
    found = read_table(view, cursor=request.GET.get("page", ""), now=now)
    is_live = found.page.newer is None and any(may_change(run, now=now) for run in found.page.rows)
    live = shown.live(version, lasts=right_for(found.page.rows, now=now)) if is_live else None
    context = _context_of_rows(request, view, found) | {"live": live}
    if shown.is_part:
        return part(request, _ROWS, context)
    context |= _context_around(view, found)
    template = "runs/experiment.html" if view.scope.experiment else "runs/table.html"
    return render(request, template, context, status=WRONG if found.problem else 200)


@require_GET
def names(request: HttpRequest, slug: str, uuid: UUID | None = None) -> JsonResponse:
    """What may be typed next where the cursor is."""
    text, at = request.GET.get("text", ""), request.GET.get("at", "")
    place = whole_number(at)
    found = completions(_scope(request, slug, uuid), without_nul(text), len(text) if place is None else place)
    return JsonResponse({"completions": [vars(one) for one in found]})


@require_GET
def export_csv(request: HttpRequest, slug: str, uuid: UUID | None = None) -> HttpResponseBase:
    return _export(request, slug, uuid, ending="csv", content_type="text/csv; charset=utf-8")


@require_GET
def export_json(request: HttpRequest, slug: str, uuid: UUID | None = None) -> HttpResponseBase:
    return _export(request, slug, uuid, ending="json", content_type="application/json")


@login_required
@require_http_methods(["GET", "POST"])
def choose_columns(request: MemberRequest, slug: str, uuid: UUID | None = None) -> HttpResponse:
    """A GET may carry the columns that were chosen so far, so that names can be added one by one without a script."""
    scope = _scope(request, slug, uuid)
    asked = request.GET.get("columns")
    text = " ".join(map(str, columns_of(scope, request.user))) if asked is None else asked
    sent = request.POST or (None if asked is None else request.GET)
    form = ColumnsForm(sent, scope=scope, initial={"columns": text})
    if request.method == "POST" and form.is_valid():
        keep_columns(scope=scope, user=request.user, fields=form.cleaned_data["columns"])
        return redirect(scope.url())
    context = {
        "project": scope.project,
        "nav": _nav(scope),
        "scope": scope,
        "form": form,
        "back_url": scope.url(),
        "offered": names_offered(scope, request.POST.get("columns", text), path=request.path),
    }
    return render(request, "runs/table_columns.html", context, status=status_of(form))


def _scope(request: HttpRequest, slug: str, uuid: UUID | None) -> Scope:
    return Scope.of(experiment_or_404(request, slug, uuid)) if uuid else Scope(project_or_404(request, slug))


def _view(request: HttpRequest, slug: str, uuid: UUID | None) -> View:
    scope = _scope(request, slug, uuid)
    return View(scope, request.user, TableFilter(request.GET, project=scope.project, path=request.path))


def _nav(scope: Scope) -> str:
    return "experiments" if scope.experiment else "runs"


def _context_of_rows(request: HttpRequest, view: View, found: Table) -> dict[str, object]:
    return {
        "id": "table-rows",
        "project": view.scope.project,
        "scope": view.scope,
        "filters": view.filters,
        "table": found,
        "rows": found.rows,
        "page": found.page,
        "heads": heads(view, found),
        "own_heads": {name: own_head(view, found, name, label) for name, label in _OWN_HEADS.items()},
        "is_sorted": found.order.field.name != "started",
        "may_run": may(request.user, Action.ADD_RUN, view.scope.project),
    }


def _context_around(view: View, found: Table) -> dict[str, object]:
    """What the page has besides its rows."""
    scope, user = view.scope, view.user
    around: dict[str, object] = {
        "nav": _nav(scope),
        "form": ExpressionForm(view.filters, names_url=scope.url("names"), is_wrong=found.problem is not None),
        "group_menu": group_menu(view),
        "grouped_by": view.group.name if view.group else "",
        "columns_url": scope.url("columns"),
        "csv_url": scope.url("csv"),
        "json_url": scope.url("json"),
    }
    if scope.experiment:
        around |= {
            "experiment": scope.experiment,
            "counted": counted_runs(scope.experiment),
            "charts": read_charts(view),
            "may_edit": user.is_authenticated and may_edit(user, scope.experiment),
        }
    else:
        around["tabs"] = tabs(scope.project.slug, current="table")
    return around


def _export(request: HttpRequest, slug: str, uuid: UUID | None, *, ending: str, content_type: str) -> HttpResponseBase:
    view = _view(request, slug, uuid)
    try:
        export = Export(view, now=timezone.now())
    except Misread as misread:
        return _refused(f"Character {misread.at + 1} of the filter: {misread.sentence}")
    except TooSlow:
        return _refused(view.too_slow)
    if view.filters.left_out:
        return _refused(" ".join(view.filters.left_out))
    response = StreamingHttpResponse(export.csv() if ending == "csv" else export.json(), content_type=content_type)
    name = f"{slug}-{view.scope.experiment.name}.{ending}" if view.scope.experiment else f"{slug}.{ending}"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    response["Cache-Control"] = "no-store"
    return response


def _refused(sentence: str) -> HttpResponse:
    """Nothing is exported rather than something else than was asked for."""
    return HttpResponse(f"{sentence}\n", status=WRONG, content_type="text/plain; charset=utf-8")
