"""Settings of a project."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mantik.accounts.http import MemberRequest
from projects import addresses, services
from projects.access import project_or_404
from projects.forms import ProjectSettingsForm
from projects.permissions import Action
from projects.views.forms import status_of


@login_required
@require_http_methods(["GET", "POST"])
def project_settings(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.EDIT_PROJECT)
    form = ProjectSettingsForm(request.POST or None, project=project, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_project(project=project, **form.cleaned_data)
        except addresses.SlugTaken:
            form.add_error("slug", "The address is taken. Give another one.")
        else:
            messages.info(request, "The settings are saved.")
            return redirect("projects:settings", project.slug)
    context = {"project": project, "room": "settings", "form": form}
    return render(request, "projects/settings.html", context, status=status_of(form))
