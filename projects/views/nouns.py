"""Making a project, and its code and experiments."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mantik.accounts.http import MemberRequest
from projects import mirrors, services
from projects.access import project_or_404
from projects.forms import CodeRepositoryForm, ExperimentForm, ProjectForm
from projects.models import CodeRepository
from projects.permissions import Action, may
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


@require_GET
def code(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug)
    repositories = list(project.code_repositories.in_order().select_related("connection"))
    for repository in repositories:
        repository.branch_count = mirrors.branch_count(repository)
    context = {
        "project": project,
        "room": "code",
        "repositories": repositories,
        "may_add": may(request.user, Action.ADD_CODE_REPOSITORY, project),
    }
    return render(request, "projects/code.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def code_add(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_CODE_REPOSITORY)
    form = CodeRepositoryForm(request.POST or None, project=project, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            repository = services.add_code_repository(
                project=project, user=request.user, now=timezone.now(), **form.cleaned_data
            )
        except services.NameTaken:
            form.add_error("name", "The project already has a code repository of that name. Choose another name.")
        else:
            messages.info(request, f"{repository.name} is linked. A worker is fetching it now.")
            return redirect("projects:code", project.slug)
    context = {"project": project, "room": "code", "form": form}
    return render(request, "projects/code_form.html", context, status=status_of(form))


@login_required
@require_POST
def code_refresh(request: MemberRequest, slug: str, uuid: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_CODE_REPOSITORY)
    repository = get_object_or_404(CodeRepository, project=project, uuid=uuid)
    mirrors.request_fetch(repository, now=timezone.now(), even_if_fresh=True)
    messages.info(request, f"A worker fetches {repository.name}.")
    return redirect("projects:code", project.slug)


@login_required
@require_http_methods(["GET", "POST"])
def experiment_add(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_EXPERIMENT)
    form = ExperimentForm(request.POST or None, project=project)
    if request.method == "POST" and form.is_valid():
        try:
            experiment = services.add_experiment(project=project, user=request.user, **form.cleaned_data)
        except services.NameTaken:
            form.add_error("name", "The project already has an experiment of that name. Choose another name.")
        else:
            messages.info(request, f"{experiment.name} is ready for runs.")
            return redirect("projects:experiments", project.slug)
    context = {"project": project, "room": "experiments", "form": form}
    return render(request, "projects/experiment_form.html", context, status=status_of(form))
