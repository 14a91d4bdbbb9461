"""Settings of a project: name, description, address, visibility, and deleting it."""

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from mantik.accounts.member_request import MemberRequest
from mantik.lib.answers import status_of
from mantik.lib.revised_form import compared_under_lock, lock
from projects.addressing import slugs
from projects.forms import NO_PREVIEW, DeleteProjectForm, ProjectSettingsForm, previewed
from projects.models import Project
from projects.pages.settings_tabs import settings_tabs
from projects.permissions import Action, may
from projects.services import deletion, labels, projects
from projects.views.loading import project_or_404


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def project_settings(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.EDIT_PROJECT)
    lock(request, project)
    form = ProjectSettingsForm(request.POST or None, project=project, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            projects.edit_project(project=project, actor=request.user, **form.cleaned_data)
        except slugs.SlugTaken:
            form.add_error("slug", "This address is taken. Choose another one.")
        except projects.ProjectGone as reason:
            messages.error(request, str(reason))
            return redirect("projects:list")
        else:
            messages.info(request, "The settings are saved.")
            return redirect("projects:settings", project.slug)
    return _settings_page(request, project, form)


@login_required
@require_POST
def preview(request: MemberRequest, slug: str) -> HttpResponse:
    """Preview of the description: only the rendered text for htmx; without JavaScript the whole form with it."""
    project = project_or_404(request, slug, Action.EDIT_PROJECT)
    shown = previewed(request.POST.get("description", ""))
    if request.htmx:
        return render(request, "projects/_description_preview.html", shown)
    form = ProjectSettingsForm(request.POST, project=project, user=request.user)
    return _settings_page(request, project, form, shown=shown)


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.DELETE_PROJECT)
    form = DeleteProjectForm(request.POST or None, project=project)
    if request.method == "POST" and form.is_valid():
        try:
            deletion.delete_project(project=project, actor=request.user)
        except deletion.ProjectInUse as reason:
            form.add_error(None, str(reason))
        else:
            messages.info(request, f"{project.name} was deleted.")
            return redirect("projects:list")
    context = {"project": project, "nav": "settings", "form": form}
    return render(request, "projects/delete.html", context, status=status_of(form))


def _settings_page(
    request: MemberRequest, project: Project, form: ProjectSettingsForm, shown: Mapping[str, str | None] = NO_PREVIEW
) -> HttpResponse:
    context = {
        "project": project,
        "nav": "settings",
        "tabs": settings_tabs(project, request.user, current="general"),
        "form": form,
        **shown,
        "suggested_labels": labels.suggestions(request.user),
        "may_delete": may(request.user, Action.DELETE_PROJECT, project),
    }
    return render(request, "projects/settings.html", context, status=status_of(form))
