"""The new-run form, its preview, and RUN!."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import DatabaseError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.idempotency.services import Asked
from mantik.lib import disk
from mantik.lib.answers import status_of
from mantik.lib.full_disk import sentence_or_raise
from mantik.lib.offers import with_offers
from projects.code import mirrors
from projects.models import Project
from projects.permissions import Action
from projects.views.loading import project_or_404
from runs import services
from runs.backend_config import ACCOUNT
from runs.models import Run
from runs.planning.forms import NewRunForm, Preview
from runs.planning.prefill import PREFILL_FIELD, Prefill, choices_of, prefill_from, wish_in
from runs.planning.preview import preview_of
from runs.querysets import RunQuerySet


@login_required
@require_http_methods(["GET", "POST"])
def new_run(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_RUN)
    if request.method == "POST":
        return _start(request, project)
    prefill = _prefill(request, project, request.GET) or _wish(request, project)
    form = _as_linked(request, project, prefill) if prefill else _new_form(request, project)
    _ask_for_newest_code(form)
    return _page(request, project, form)


@login_required
@require_http_methods(["GET", "POST"])
def preview(request: MemberRequest, slug: str) -> HttpResponse:
    """The preview beside the form; without JavaScript, the whole page again."""
    project = project_or_404(request, slug, Action.ADD_RUN)
    data = request.POST if request.method == "POST" else request.GET
    form = NewRunForm(
        with_offers(data),
        project=project,
        user=request.user,
        prefill=_prefill(request, project, data),
        preview=Preview(
            shows_fields=request.GET.get("only") != "preview",
            is_other_connection=request.GET.get("changed") == "connection",
        ),
    )
    form.forgive()
    _ask_for_newest_code(form)
    template = "runs/_preview.html" if request.htmx else "runs/new.html"
    return _page(request, project, form, template=template)


def _start(request: MemberRequest, project: Project) -> HttpResponse:
    form = NewRunForm(
        request.POST, project=project, user=request.user, prefill=_prefill(request, project, request.POST)
    )
    if not form.is_valid():
        _ask_for_unread(form)
        return _page(request, project, form, status=status_of(form))
    try:
        run = services.create_run(
            project=project,
            user=request.user,
            name=form.cleaned_data["name"],
            experiment=form.cleaned_data["experiment"],
            connection=form.cleaned_data["connection"],
            compute_budget_account=form.cleaned_data["compute_budget_account"],
            plan=form.plan,
            now=timezone.now(),
            asked=Asked.by_form(request.POST),
        )
    except services.NotAllowed as reason:
        form.add_error("code_repository", str(reason))
        return _page(request, project, form, status=status_of(form))
    except DatabaseError as error:
        form.add_error(None, sentence_or_raise(error))
        return _page(request, project, form, status=503)
    return redirect("runs:detail", project.slug, run.uuid)


def _page(
    request: MemberRequest, project: Project, form: NewRunForm, *, template: str = "runs/new.html", status: int = 200
) -> HttpResponse:
    context = {
        "project": project,
        "nav": "submissions",
        "form": form,
        "is_as_linked": request.method == "GET" and form.prefill is not None,
        "plan": form.plan,
        "preview": preview_of(form.plan, account=form.account, name=form.run_name),
        "repository": form.plan.choices.code_repository,
        "is_code_awaited": form.code is not None and form.code.is_awaited,
    }
    return render(request, template, context, status=status)


def _ask_for_newest_code(form: NewRunForm) -> None:
    """Ask a worker to fetch the code, for the next look at the form. On a full disk the form is shown without."""
    if form.code and not disk.watch.is_without_room(disk.Store.DATABASE):
        mirrors.request_fetch(form.code.repository, now=timezone.now())
        _ask_for_unread(form)


def _ask_for_unread(form: NewRunForm) -> None:
    """Ask a worker to read what the form misses of the code: a branch or a path."""
    if form.code and form.code.unread:
        mirrors.request_unread(form.code.repository, form.code.unread, now=timezone.now())


def _prefill(request: MemberRequest, project: Project, data: QueryDict) -> Prefill | None:
    return prefill_from(data.get(PREFILL_FIELD, ""), among=_visible(request, project), user=request.user)


def _wish(request: MemberRequest, project: Project) -> Prefill | None:
    """What a link asks for that names code and no run; the other fields have what a new form would propose."""
    if not request.GET.get("code_repository"):
        return None
    proposed = _new_form(request, project).proposals
    return wish_in(request.GET, project=project, user=request.user, others=proposed)


def _as_linked(request: MemberRequest, project: Project, prefill: Prefill) -> NewRunForm:
    """The form of "Run again" or of a wish, filled in and checked at once, so that problems show before RUN!."""
    form = NewRunForm(prefill.values(), project=project, user=request.user, prefill=prefill)
    form.forgive()
    return form


def _new_form(request: MemberRequest, project: Project) -> NewRunForm:
    """A new form with the code and connection that this member used last, and the last account the site accepted."""
    runs = _visible(request, project).without_local().filter(created_by=request.user).newest_first()
    last = runs.first()
    if last is None:
        return NewRunForm(project=project, user=request.user)
    taken = runs.without_refused().filter(connection=last.connection).first()
    account = taken.compute_budget_account if taken else ""
    return NewRunForm(project=project, user=request.user, initial=choices_of(last) | {ACCOUNT: account})


def _visible(request: MemberRequest, project: Project) -> RunQuerySet:
    return Run.objects.visible_to(request.user).filter(project=project)
