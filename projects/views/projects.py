"""The home page of projects, and adding a project."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import status_of
from projects.forms import ProjectForm
from projects.services import projects


@require_GET
def home(_request: HttpRequest) -> HttpResponse:
    return redirect("projects:list")


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def project_add(request: MemberRequest) -> HttpResponse:
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            project = projects.create_project(owner=request.user, **form.cleaned_data)
        except projects.SlugTaken:
            form.add_error("slug", "This address is taken. Choose another one.")
        else:
            return redirect("projects:overview", project.slug)
    return render(request, "projects/form.html", {"form": form}, status=status_of(form))
