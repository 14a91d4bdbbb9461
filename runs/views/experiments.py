"""Which metric leads an experiment."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.lib.answers import status_of
from projects.services.experiments import may_edit
from projects.views.loading import refusal
from runs.table.forms import MetricForm
from runs.table.pinning import pin_metric
from runs.table.scope import Scope
from runs.views.loading import experiment_or_404


@login_required
@require_http_methods(["GET", "POST"])
def choose_metric(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    experiment = experiment_or_404(request, slug, uuid)
    if not may_edit(request.user, experiment):
        raise PermissionDenied(refusal(request.user, experiment.project, "change this experiment"))
    form = MetricForm(request.POST or None, experiment=experiment)
    if request.method == "POST" and form.is_valid():
        chosen, is_more = form.cleaned_data["metric"], form.cleaned_data["direction"] == "more"
        pin_metric(experiment=experiment, actor=request.user, metric=chosen, more_is_better=is_more)
        messages.info(request, f"{chosen} is pinned." if chosen else "No metric is pinned any more.")
        return redirect(Scope.of(experiment).url())
    context = {
        "project": experiment.project,
        "nav": "experiments",
        "experiment": experiment,
        "form": form,
        "back_url": Scope.of(experiment).url(),
    }
    return render(request, "runs/experiment_metric.html", context, status=status_of(form))
