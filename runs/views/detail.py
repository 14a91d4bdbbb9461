"""One run: its page, its live parts, its log, and its buttons."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections.mlflow.errors import NotThere, TrackingError
from mantik.accounts.member_request import MemberRequest
from mantik.lib.answers import Confirmation, ask
from mantik.lib.downloads import DownloadResponse, LongResponse
from mantik.lib.humanize import absolute_time
from mantik.lib.live import STAMP, Shown, nothing_new, part
from projects.permissions import Action
from projects.views.loading import refusal
from runs import services
from runs.following.callback import job_moved_on, token_is_valid
from runs.following.kept_log import log_remark, raw_log, read_log, stored_of
from runs.models import Run
from runs.pages.delete_form import DeleteRunForm
from runs.pages.rows import model_of
from runs.pages.run_page import live_parts, run_page, tabs_of
from runs.pages.versions import log_version, run_version
from runs.results.artifacts import ArtifactDownload, is_inside
from runs.states import BEFORE_START
from runs.views.loading import run_or_404


@require_GET
def run_detail(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    run = run_or_404(request, slug, uuid)
    tab = request.GET.get("tab", "overview")
    path = request.GET.get("path", "")
    if tab not in tabs_of(run) or (path and not is_inside(path)):
        raise Http404
    now = timezone.now()
    services.watch(run=run, now=now)
    return render(request, "runs/detail.html", run_page(run, user=request.user, tab=tab, path=path, now=now))


@require_GET
def live(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    """Header, phase bar and actions, polled while the run is active."""
    now = timezone.now()
    shown, version = Shown(request, now=now), run_version(slug, uuid, user=request.user.pk)
    if shown.is_still(version):
        return nothing_new()
    run = run_or_404(request, slug, uuid)
    services.watch(run=run, now=now)
    parts = live_parts(run, user=request.user, now=now, shown=shown, version=version)
    return part(request, "runs/_live.html", parts)


# May be compressed: the answer has neither text of the request nor a secret, so its size gives none away.
@gzip_page
@require_GET
def log(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    """A part of the log from byte `offset` on, unchanged. The header Mantik-Log has the rest, as JSON.

    `offset` and `next`: the bytes where this part and the next one begin. `complete`: nothing will follow this part.
    `gap`: "pending" or "left out" if the part is Mantik's note about missing bytes. `kept`: how many bytes are stored.
    `following`: the run is active. `reason`: the line that says why the run failed. `remark`: what to show below the
    log. 204: the same as at the stamp that the request names (`mantik.lib.live`).
    """
    now = timezone.now()
    shown, version = Shown(request, now=now), log_version(slug, uuid, user=request.user.pk)
    if shown.is_still(version):
        return nothing_new()
    run = run_or_404(request, slug, uuid)
    services.watch(run=run, now=now)
    try:
        offset = max(0, int(request.GET.get("offset", "0")))
    except ValueError:
        return JsonResponse({"problem": "offset must be the number of a byte, 0 for the first."}, status=400)
    found = read_log(run, offset=offset)
    about = {
        "offset": found.offset,
        "next": found.next,
        "complete": found.complete,
        "gap": found.gap,
        "kept": stored_of(run).size,
        "following": run.is_active,
        "reason": run.outcome_line,
        "remark": log_remark(run),
    }
    headers = {"Mantik-Log": json.dumps(about), STAMP: shown.live(version).stamp}
    return HttpResponse(found.content, content_type="text/plain; charset=utf-8", headers=headers)


@require_GET
def raw(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponseBase:
    run = run_or_404(request, slug, uuid)
    response = LongResponse(request, raw_log(run), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="{run.short_id}.log"'
    return response


@require_GET
def artifact(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponseBase:
    """One artifact as a download, never as a page."""
    run = run_or_404(request, slug, uuid, Action.DOWNLOAD_ARTIFACTS)
    path = request.GET.get("path", "")
    if not run.mlflow_run_id or not is_inside(path):
        raise Http404
    try:
        download = ArtifactDownload(run, path)
    except NotThere:
        raise Http404 from None
    except TrackingError as error:
        messages.error(request, error.message)
        return redirect(f"{reverse('runs:detail', args=[slug, uuid])}?tab=artifacts")
    return DownloadResponse(request, download, size=download.size, name=path.rpartition("/")[2])


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    run = run_or_404(request, slug, uuid)
    if not services.may_cancel(request.user, run):
        verb = "end" if run.is_local else "cancel"
        raise PermissionDenied(refusal(request.user, run.project, f"{verb} this run"))
    if request.method == "GET":
        verb = "End" if run.is_local else "Cancel"
        question = Confirmation(
            title=f"{verb} {run.name}?",
            message=_what_cancelling_does(run),
            verb=f"{verb} run",
            icon_name="stop-circle",
        )
        return _ask(request, run, question)
    try:
        services.cancel_run(run=run, user=request.user, now=timezone.now())
    except services.NotAllowed as error:
        messages.error(request, str(error))
    return redirect("runs:detail", slug, run.uuid)


def _what_cancelling_does(run: Run) -> str:
    if run.is_local:
        return (
            "Its program runs outside of Mantik, which cannot stop it. What it has logged so far is kept, and what it "
            "logs from now on is refused."
        )
    if run.state in BEFORE_START:
        return (
            "If the site already has the job of this run, Mantik deletes it there. If the job starts in the meantime, "
            "Mantik asks the site to abort it."
        )
    return "Mantik asks the site to abort the job. What it has logged so far is kept."


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    run = run_or_404(request, slug, uuid)
    if not services.may_delete(request.user, run):
        raise PermissionDenied(refusal(request.user, run.project, "delete this run"))
    model = model_of(run)
    if request.method == "GET" and model is not None:
        question = Confirmation(
            title=f"{run.name} cannot be deleted yet",
            message=f"Its model is registered as {model.name}. Unregister it first.",
            instead_url=reverse("registered_models:detail", args=[slug, model.uuid]),
            instead_label=f"See {model.name}",
            verb="Delete run",
        )
        return _ask(request, run, question)
    if request.method == "GET":
        question = Confirmation(
            title=f"Delete {run.name}?",
            message=f"A deleted run cannot be restored. {_what_stays(run)} This deletes:",
            points=["its events"] if run.is_local else ["its log and its events", "its configuration and job script"],
            options=DeleteRunForm() if run.mlflow_run_id else None,
            verb="Delete run",
            icon_name="trash3",
        )
        return _ask(request, run, question)
    in_mlflow = "in_mlflow" in request.POST
    try:
        services.delete_run(run=run, actor=request.user, in_mlflow=in_mlflow, now=timezone.now())
    except services.NotAllowed as error:
        messages.error(request, str(error))
        return redirect("runs:detail", slug, run.uuid)
    rest = " Workers now delete it in MLflow." if in_mlflow else ""
    messages.info(request, f"{run.name} was deleted.{rest}")
    return redirect("runs:list", slug)


def _what_stays(run: Run) -> str:
    stays = "Its metrics and artifacts stay in MLflow."
    if not run.job_url:
        return stays
    until = f" until {absolute_time(timezone.localtime(run.job_expires_at))}" if run.job_expires_at else ""
    return f"{stays} The files of its job stay at {run.site_name}{until}, and are deleted by the site."


def _ask(request: HttpRequest, run: Run, question: Confirmation) -> HttpResponse:
    back_url = reverse("runs:detail", args=[run.project.slug, run.uuid])
    return ask(request, question, nav="runs", project=run.project, back_url=back_url)


@csrf_exempt
@require_POST
def notify(_request: HttpRequest, uuid: UUID, token: str) -> HttpResponse:
    """Takes a site's notification that a job has changed. Its body is not read: the site is asked soon.

    The job waits at the site for this answer, so nothing slow happens here. The request's header has a token that could
    act as the job's owner; it is neither read nor logged.
    """
    if not token_is_valid(uuid, token) or not job_moved_on(run_uuid=uuid, now=timezone.now()):
        raise Http404
    return HttpResponse(status=204)
