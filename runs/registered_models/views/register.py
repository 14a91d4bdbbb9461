"""Registering a model of a finished run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from connections.mlflow.errors import TrackingError
from mantik.accounts.http import MemberRequest
from projects.permissions import Action
from runs.models import RegisteredModel, Run
from runs.registered_models import services
from runs.registered_models.candidates import Candidate, candidates
from runs.registered_models.forms import RegisterForm, explained, suggested_name
from runs.services import NotAllowed
from runs.views.loading import run_or_404

HOW_TO_LOG = """\
import mlflow

with mlflow.start_run():
    model.fit(X, y)
    mlflow.sklearn.log_model(model, name="model", input_example=X[:3])
"""


@login_required
@require_http_methods(["GET", "POST"])
def register(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    run = run_or_404(request, slug, uuid, Action.REGISTER_MODEL)
    status = 422 if request.method == "POST" else 200
    if reason := services.why_not_registrable(run):
        return _page(request, run, status, reason=reason)
    if holder := RegisteredModel.objects.filter(run=run).select_related("run").first():
        return _page(request, run, status, reason=services.Taken("model", holder).message, holder=holder)
    offered, problem = _offered(run)
    if offered == []:
        return _page(request, run, status, has_none=True, snippet=HOW_TO_LOG)
    if request.method == "GET":
        form = _form_with(request.GET.get("name", ""), run, offered)
        return _page(request, run, form=form, problem=problem)
    form = RegisterForm(request.POST, run=run, candidates=offered)
    model = _registered(request, run, form) if form.is_valid() and not problem else None
    if model is None:
        return _page(request, run, status, form=form, problem=problem)
    return redirect("registered_models:detail", slug, model.uuid)


@login_required
@require_GET
def register_name(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """The field with what is to be said of the name in it; without JavaScript, the form with that name."""
    run = run_or_404(request, slug, uuid, Action.REGISTER_MODEL)
    if not request.htmx:
        query = urlencode({"name": request.GET.get("name", "")})
        return redirect(f"{reverse('runs:register', args=[slug, uuid])}?{query}")
    form = RegisterForm(request.GET, run=run, candidates=None)
    return render(request, "registered_models/_name_field.html", {"form": form, "run": run, "project": run.project})


def _form_with(name: str, run: Run, offered: list[Candidate] | None) -> RegisterForm:
    """To begin with. A `name` that a link asks for is judged at once, as if it had been typed."""
    form = RegisterForm(run=run, candidates=offered, initial={"name": name or suggested_name(run)})
    if not name:
        return form
    typed = {"name": name, "model": form.initial.get("model", ""), "description": ""}
    linked = RegisterForm(typed, run=run, candidates=offered)
    for other in set(linked.errors) - {"name"}:
        del linked.errors[other]
    return linked


def _offered(run: Run) -> tuple[list[Candidate] | None, str]:
    """None, and why, while MLflow cannot say."""
    try:
        return candidates(run), ""
    except TrackingError as error:
        return None, error.message


def _registered(request: MemberRequest, run: Run, form: RegisterForm) -> RegisteredModel | None:
    """None if it could not be; the form says then why."""
    cleaned = form.cleaned_data
    try:
        return services.register_model(
            run=run,
            actor=request.user,
            name=cleaned["name"],
            description=cleaned["description"],
            source=cleaned["model"].source,
            now=timezone.now(),
        )
    except services.Taken as taken:
        form.add_error("name" if taken.field == "name" else None, explained(taken))
    except NotAllowed as reason:
        form.add_error(None, str(reason))
    return None


def _page(request: MemberRequest, run: Run, status: int = 200, **found: Any) -> HttpResponse:
    context = {"project": run.project, "nav": "models", "run": run, **found}
    return render(request, "registered_models/register.html", context, status=status)
