"""The page that registers a model of a finished run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from mantik.accounts.member_request import MemberRequest
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import status_of, status_without_form
from mantik.lib.live import Shown, nothing_new, part
from projects.permissions import Action
from runs.models import RegisteredModel, Run
from runs.registered_models import services
from runs.registered_models.candidates import Candidate
from runs.registered_models.forms import RegisterForm, explained, suggested_name
from runs.registered_models.listing import ASK_AGAIN_AFTER, listing_of, offered
from runs.registered_models.versions import listing_version
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
@once_per_form
def register(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    run = run_or_404(request, slug, uuid, Action.REGISTER_MODEL)
    status = status_without_form(request)
    if reason := services.why_not_registrable(run):
        return _page(request, run, status, reason=reason)
    if holder := RegisteredModel.objects.filter(run=run).select_related("run").first():
        return _page(request, run, status, reason=services.Taken("model", holder).message, holder=holder)
    now = timezone.now()
    listing = listing_of(run, now=now)
    models = offered(listing, now=now)
    if models == []:
        return _page(request, run, status, has_none=True, snippet=HOW_TO_LOG, listing=listing)
    if request.method == "GET":
        return _page(request, run, form=_form_with(request.GET.get("name", ""), run, models), listing=listing)
    form = RegisterForm(request.POST, run=run, candidates=models)
    model = _registered(request, run, form) if form.is_valid() else None
    if model is None:
        return _page(request, run, status_of(form), form=form, listing=listing)
    return redirect("registered_models:detail", slug, model.uuid)


@login_required
@require_GET
def register_models(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """The field with the models to choose from. The page asks for it until a worker has found them out."""
    now = timezone.now()
    shown, version = Shown(request, now=now), listing_version(slug, uuid, user=request.user.pk)
    if shown.is_still(version):
        return nothing_new()
    run = run_or_404(request, slug, uuid, Action.REGISTER_MODEL)
    if not request.htmx:
        return redirect("runs:register", slug, uuid)
    listing = listing_of(run, now=now)
    models = offered(listing, now=now)
    if models == []:
        return HttpResponseClientRefresh()
    form = RegisterForm(initial=_as_chosen(request.GET), run=run, candidates=models)
    context = {"form": form, "run": run, "project": run.project, "listing": listing}
    # Drawing it asks again if no worker has answered (`listing_of`), so the stamp must not last longer.
    live = shown.live(version, lasts=ASK_AGAIN_AFTER)
    return part(request, "registered_models/_models_field.html", context | {"live": live})


@login_required
@require_GET
def register_name(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """The field of the name, with what is wrong with the name. Without JavaScript, the whole form."""
    run = run_or_404(request, slug, uuid, Action.REGISTER_MODEL)
    if not request.htmx:
        query = urlencode({"name": request.GET.get("name", "")})
        return redirect(f"{reverse('runs:register', args=[slug, uuid])}?{query}")
    form = RegisterForm(request.GET, run=run, candidates=None)
    return render(request, "registered_models/_name_field.html", {"form": form, "run": run, "project": run.project})


def _as_chosen(query: QueryDict) -> dict[str, str]:
    """The values that are already filled in."""
    return query.dict()  # type: ignore[return-value]  # of the last values, which are text


def _form_with(name: str, run: Run, models: list[Candidate] | None) -> RegisterForm:
    """A new form. A `name` from a link is checked at once, as if it had been typed."""
    form = RegisterForm(run=run, candidates=models, initial={"name": name or suggested_name(run)})
    if not name:
        return form
    typed = {"name": name, "model": form.initial.get("model", ""), "description": ""}
    linked = RegisterForm(typed, run=run, candidates=models)
    for other in set(linked.errors) - {"name"}:
        del linked.errors[other]
    return linked


def _registered(request: MemberRequest, run: Run, form: RegisterForm) -> RegisteredModel | None:
    """Register the model. Returns None if that was refused; the form then says why."""
    cleaned = form.cleaned_data
    try:
        return services.register_model(
            run=run,
            actor=request.user,
            name=cleaned["name"],
            description=cleaned["description"],
            source=cleaned["model"],
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
