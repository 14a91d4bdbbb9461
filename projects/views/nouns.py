"""Making a project."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from mantik.accounts.http import MemberRequest
from projects import services
from projects.forms import ProjectForm
from projects.views.forms import status_of


@require_GET
def home(_request: HttpRequest) -> HttpResponse:
    return redirect("projects:list")


@login_required
@require_http_methods(["GET", "POST"])
def project_add(request: MemberRequest) -> HttpResponse:
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            project = services.create_project(owner=request.user, **form.cleaned_data)
        except services.SlugTaken:
            form.add_error("slug", "The address is taken. Give another one.")
        else:
            return redirect("projects:overview", project.slug)
    return render(request, "projects/form.html", {"form": form}, status=status_of(form))
