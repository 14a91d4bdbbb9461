"""The buttons of a registered model: describe, set aliases, restore, unregister."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from mantik.accounts.member_request import MemberRequest
from mantik.lib.answers import Confirmation, ask, status_of
from mantik.lib.revised_form import compared_under_lock, lock
from projects.forms import NO_PREVIEW, previewed
from runs.registered_models import services
from runs.registered_models.detail import model_page
from runs.registered_models.forms import AliasForm, DescriptionForm
from runs.registered_models.models import RegisteredModel
from runs.registered_models.views.loading import kept_or_403
from runs.services import NotAllowed


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def edit(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    model = kept_or_403(request, slug, uuid)
    lock(request, model)
    data = request.POST if request.method == "POST" else None
    form = DescriptionForm(data, initial={"description": model.description})
    if data is not None and form.is_valid():
        try:
            services.describe_model(model=model, actor=request.user, **form.cleaned_data)
        except NotAllowed as reason:
            form.add_error(None, str(reason))
        else:
            messages.info(request, "The description is saved.")
            return redirect("registered_models:detail", slug, model.uuid)
    return _form(request, model, form)


@login_required
@require_POST
def preview(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """Preview of the description: only the rendered text for htmx; without JavaScript the whole form with it."""
    model = kept_or_403(request, slug, uuid)
    shown = previewed(request.POST.get("description", ""))
    if request.htmx:
        return render(request, "projects/_description_preview.html", shown)
    return _form(request, model, DescriptionForm(request.POST), shown=shown)


@login_required
@require_POST
def aliases(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """Set the alias `alias`, or remove the one that `remove` names."""
    model = kept_or_403(request, slug, uuid)
    now = timezone.now()
    if leaving := request.POST.get("remove", ""):
        services.remove_alias(model=model, actor=request.user, alias=leaving, now=now)
        return _back(model)
    form = AliasForm(request.POST)
    if form.is_valid():
        alias = form.cleaned_data["alias"]
        try:
            former = services.set_alias(model=model, actor=request.user, alias=alias, now=now)
        except NotAllowed as reason:
            form.add_error("alias", str(reason))
        else:
            if former is not None:
                messages.info(request, f"{alias} now stands for {model.name} instead of {former.name}.")
            return _back(model)
    context = model_page(model, user=request.user, tab="overview", now=now, alias_form=form)
    return render(request, "registered_models/detail.html", context, status=status_of(form))


@login_required
@require_http_methods(["GET", "POST"])
def unregister(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    model = kept_or_403(request, slug, uuid)
    if request.method == "GET":
        return _ask(request, model)
    services.unregister_model(model=model, actor=request.user, now=timezone.now())
    return redirect("registered_models:detail", slug, model.uuid)


@login_required
@require_POST
def restore(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    model = kept_or_403(request, slug, uuid)
    if not services.restore_model(model=model, actor=request.user, now=timezone.now()):
        messages.info(request, f"{model.name} is unchanged in MLflow's registry. There is nothing to restore.")
    return _back(model)


def _back(model: RegisteredModel) -> HttpResponse:
    return redirect("registered_models:detail", model.project.slug, model.uuid)


def _form(
    request: MemberRequest, model: RegisteredModel, form: DescriptionForm, shown: Mapping[str, str | None] = NO_PREVIEW
) -> HttpResponse:
    context = {"project": model.project, "nav": "models", "model": model, "form": form, **shown}
    return render(request, "registered_models/edit.html", context, status=status_of(form))


def _ask(request: MemberRequest, model: RegisteredModel) -> HttpResponse:
    names = [alias.alias for alias in model.aliases.all()]
    aliases = [f"its aliases: {', '.join(names)}"] if names else []
    question = Confirmation(
        title=f"Unregister {model.name}?",
        message=f"Its run {model.run.name} and the files of the model stay. This deletes:",
        points=[
            "the name, which can then be used again",
            f"its entry {model.registry_name} in MLflow's registry: the model can no longer be loaded by it",
            *aliases,
            "its description and its certificate: download the certificate first if you need it",
        ],
        verb="Unregister Model",
        icon_name="patch-minus",
        back_label="Keep it",
    )
    back_url = reverse("registered_models:detail", args=[model.project.slug, model.uuid])
    return ask(request, question, nav="models", project=model.project, back_url=back_url)
