"""The new-run form, its preview, and RUN!."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mantik.accounts.http import MemberRequest
from mantik.lib.offers import with_offers
from projects import mirrors
from projects.access import project_or_404
from projects.models import Project
from projects.permissions import Action
from runs import services
from runs.forms import PARAMETER_PREFIX, NewRunForm
from runs.models import Run
from runs.preview import preview_of


@login_required
@require_http_methods(["GET", "POST"])
def new_run(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_RUN)
    if request.method == "POST":
        return _run(request, project)
    form = NewRunForm(project=project, user=request.user, initial=_initial(request, project))
    _keep_fresh(form)
    return _page(request, project, form)


@login_required
@require_http_methods(["GET", "POST"])
def preview(request: MemberRequest, slug: str) -> HttpResponse:
    """The fragment that follows the form as it is filled in; without JavaScript, the whole page again."""
    project = project_or_404(request, slug, Action.ADD_RUN)
    data = request.POST if request.method == "POST" else request.GET
    form = NewRunForm(
        with_offers(data),
        project=project,
        user=request.user,
        lenient=True,
        is_other_connection=request.GET.get("changed") == "connection",
    )
    _keep_fresh(form)
    template = "runs/_preview.html" if request.htmx else "runs/new.html"
    return _page(request, project, form, template=template)


def _run(request: MemberRequest, project: Project) -> HttpResponse:
    form = NewRunForm(request.POST, project=project, user=request.user)
    if not form.is_valid():
        return _page(request, project, form, status=422)
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
        )
    except services.NotAllowed as reason:
        form.add_error("code_repository", str(reason))
        return _page(request, project, form, status=422)
    return redirect("runs:detail", project.slug, run.uuid)


def _page(
    request: MemberRequest, project: Project, form: NewRunForm, *, template: str = "runs/new.html", status: int = 200
) -> HttpResponse:
    context = {
        "project": project,
        "room": "submissions",
        "form": form,
        "plan": form.plan,
        "preview": preview_of(form.plan, account=form.account, name=form.run_name),
        "repository": form.plan.choices.code_repository,
    }
    return render(request, template, context, status=status)


def _keep_fresh(form: NewRunForm) -> None:
    repository = form.plan.choices.code_repository
    if repository:
        mirrors.request_fetch(repository, now=timezone.now())


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _initial(request: MemberRequest, project: Project) -> dict[str, Any]:
    """What "Run again" fills in: everything of that run. Otherwise the code and site that this member used last."""
    visible = Run.objects.visible_to(request.user).filter(project=project)
    again = _uuid_or_none(request.GET.get("from", ""))
    earlier = visible.filter(uuid=again).first() if again else None
    if earlier:
        parameters = {f"{PARAMETER_PREFIX}{name}": value for name, value in earlier.parameters.items()}
        return _choices_of(earlier) | {"name": earlier.name} | parameters
    last = visible.filter(created_by=request.user).order_by("-pk").first()
    return _choices_of(last) if last else {}


def _choices_of(run: Run) -> dict[str, Any]:
    return {
        "experiment": run.experiment.uuid,
        "code_repository": run.code_repository.uuid if run.code_repository else "",
        "branch": run.branch,
        "mlproject_path": run.mlproject_path,
        "entry_point": run.entry_point,
        "connection": run.connection.uuid if run.connection else "",
        "compute_budget_account": run.compute_budget_account,
        "backend_config_path": run.backend_config_path,
    }
