"""What members add to a run: its name, notes and tags, and their own star."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from mantik.accounts.member_request import MemberRequest
from mantik.lib.answers import status_of, way_back
from mantik.lib.revised_form import compared_under_lock, lock
from projects.forms import NO_PREVIEW, previewed
from projects.views.loading import refusal
from runs.models import Run
from runs.notes.forms import NotesForm
from runs.notes.services import edit_run, may_edit
from runs.notes.shown import notes_panel
from runs.notes.stars import set_star
from runs.notes.tags import BadTags
from runs.services import NotAllowed
from runs.views.loading import run_or_404


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def edit(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    run = _editable_or_403(request, slug, uuid)
    lock(request, run)
    form = NotesForm(request.POST if request.method == "POST" else None, run=run)
    if form.is_bound and form.is_valid():
        try:
            edit_run(run=run, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except BadTags as problem:
            form.add_error("tags", str(problem))
        except NotAllowed as reason:
            form.add_error(None, str(reason))
        else:
            return _saved(request, run)
    return _form(request, run, form)


@login_required
@require_POST
def preview(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """Preview of the notes: only the rendered text for htmx; without JavaScript the whole form with it."""
    run = _editable_or_403(request, slug, uuid)
    shown = previewed(request.POST.get("notes", ""), what="The notes have")
    if request.htmx:
        return render(request, "projects/_description_preview.html", shown)
    return _form(request, run, NotesForm(request.POST, run=run), shown=shown)


@login_required
@require_POST
def star(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """Whoever may see a run may star it. `starred` is "yes" or "no", so that a request sent twice changes nothing."""
    run = run_or_404(request, slug, uuid)
    is_starred = request.POST.get("starred") == "yes"
    set_star(run=run, user=request.user, is_starred=is_starred)
    if request.htmx:
        shown = {"url": request.path, "uuid": run.uuid, "name": run.name, "is_starred": is_starred}
        return render(request, "runs/_star.html", shown)
    return redirect(way_back(request) or reverse("runs:detail", args=[slug, uuid]))


def _editable_or_403(request: MemberRequest, slug: str, uuid: UUID) -> Run:
    run = run_or_404(request, slug, uuid)
    if not may_edit(request.user, run):
        raise PermissionDenied(refusal(request.user, run.project, "change this run"))
    return run


def _saved(request: MemberRequest, run: Run) -> HttpResponse:
    """The page of the run; where it was edited in place, what has changed of that."""
    if request.htmx:
        return render(request, "runs/_notes_saved.html", notes_panel(run, user=request.user))
    messages.info(request, f"{run.name} is saved.")
    return redirect("runs:detail", run.project.slug, run.uuid)


def _form(
    request: MemberRequest, run: Run, form: NotesForm, shown: Mapping[str, str | None] = NO_PREVIEW
) -> HttpResponse:
    of_page = {"project": run.project, "nav": "runs", "is_in_place": bool(request.htmx)}
    context = {**of_page, "run": run, "form": form, **shown}
    return render(request, "runs/edit.html", context, status=status_of(form))
