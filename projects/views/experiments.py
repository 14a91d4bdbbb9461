"""Adding, editing and deleting experiments. Their list, with what has run in them, is in runs/results/views.py."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import Confirmation, ask, status_of
from mantik.lib.revised_form import compared_under_lock, lock
from projects.forms import ExperimentForm
from projects.models import Experiment, Project
from projects.permissions import Action
from projects.services import experiments
from projects.services.projects import NameTaken
from projects.views.loading import project_or_404, refusal

NAME_TAKEN = "The project already has an experiment with this name. Choose another name."


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def add(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_EXPERIMENT)
    form = ExperimentForm(request.POST or None, project=project)
    if request.method == "POST" and form.is_valid():
        try:
            experiment = experiments.add_experiment(project=project, user=request.user, **form.cleaned_data)
        except NameTaken:
            form.add_error("name", NAME_TAKEN)
        else:
            messages.info(request, f"{experiment.name} is ready for runs.")
            return redirect("projects:experiments", project.slug)
    return _form_page(request, project, form, experiment=None)


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def edit(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    experiment = _editable_or_403(request, slug, uuid)
    lock(request, experiment)
    form = ExperimentForm(request.POST or None, project=experiment.project, experiment=experiment)
    if request.method == "POST" and form.is_valid():
        try:
            experiments.edit_experiment(
                experiment=experiment, actor=request.user, now=timezone.now(), **form.cleaned_data
            )
        except NameTaken:
            form.add_error("name", NAME_TAKEN)
        else:
            messages.info(request, f"{experiment.name} is saved.")
            return redirect("projects:experiments", experiment.project.slug)
    return _form_page(request, experiment.project, form, experiment=experiment)


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    experiment = _editable_or_403(request, slug, uuid)
    project, name = experiment.project, experiment.name
    if request.method == "POST":
        try:
            experiments.delete_experiment(experiment=experiment, actor=request.user, now=timezone.now())
        except experiments.InUse as reason:
            messages.error(request, str(reason))
        else:
            messages.info(request, f"{name} was deleted.")
        return redirect("projects:experiments", project.slug)
    question = Confirmation(
        title=f"Delete the experiment {name}?",
        message="Only an experiment without runs and schedules can be deleted; schedules that have ended count, too. "
        "Its MLflow experiment is deleted as well.",
        verb="Delete experiment",
        icon_name="trash3",
        back_label="Keep it",
    )
    back_url = reverse("projects:experiments", args=[project.slug])
    return ask(request, question, nav="experiments", project=project, back_url=back_url)


def _editable_or_403(request: MemberRequest, slug: str, uuid: UUID) -> Experiment:
    project = project_or_404(request, slug)
    experiment = get_object_or_404(project.experiments.all(), uuid=uuid)
    experiment.project = project
    if not experiments.may_edit(request.user, experiment):
        raise PermissionDenied(refusal(request.user, project, "change this experiment"))
    return experiment


def _form_page(
    request: MemberRequest, project: Project, form: ExperimentForm, *, experiment: Experiment | None
) -> HttpResponse:
    context = {"project": project, "nav": "experiments", "form": form, "experiment": experiment}
    return render(request, "projects/experiment_form.html", context, status=status_of(form))
