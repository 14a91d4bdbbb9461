"""The form of a new or edited schedule, and its live preview."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections.models import Connection
from mantik.accounts.member_request import MemberRequest
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import status_of
from mantik.lib.offers import with_offers
from mantik.lib.revised_form import compared_under_lock, lock
from projects.models import Project
from projects.permissions import Action
from projects.views.loading import project_or_404
from runs.models import Run
from runs.planning.prefill import PREFILL_FIELD, Prefill, prefill_from
from schedules.cron import choices, parse
from schedules.forms import NAME_TAKEN, ScheduleForm
from schedules.models import Schedule
from schedules.pages.forecast import Forecast, forecast
from schedules.pages.repeat_fields import REPEAT_FIELDS
from schedules.services import schedules
from schedules.views.loading import editable_or_403

NOT_YOURS = (
    "This schedule runs with somebody else's connection. You can change when it runs. To change what it runs, or its "
    "compute budget account, choose a connection of your own."
)
CHANGED = (
    "After you opened this page, somebody deleted the schedule, or something it uses. What you typed is still here; "
    "look at the project's schedules in another tab."
)
# Usual times, which the field offers with their words.
PRESETS = ("0 * * * *", "0 */6 * * *", "30 2 * * *", "0 3 * * 1-5", "0 6 * * 1", "0 1 1 * *")
# What the services refuse, and `_explain` says in the form.
_REFUSED = (schedules.NameTaken, schedules.BadChoice, schedules.NotYours, schedules.ChangedMeanwhile)


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def add(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_SCHEDULE)
    now = timezone.now()
    if request.method == "GET":
        return _page(request, project, _new_form(request, project, now))
    prefill = _prefill(request, project, request.POST.get(PREFILL_FIELD, ""))
    form = ScheduleForm(request.POST, project=project, user=request.user, now=now, prefill=prefill)
    schedule = _created(request, project, form) if form.is_valid() else None
    if schedule is None:
        return _page(request, project, form, status=status_of(form))
    return redirect("schedules:detail", project.slug, schedule.uuid)


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def edit(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    schedule = editable_or_403(request, slug, uuid)
    lock(request, schedule)
    project, now = schedule.project, timezone.now()
    if request.method == "GET":
        form = ScheduleForm(project=project, user=request.user, now=now, schedule=schedule)
        return _page(request, project, form)
    form = ScheduleForm(request.POST, project=project, user=request.user, now=now, schedule=schedule)
    if not form.is_valid() or not _edited(request, schedule, form):
        return _page(request, project, form, status=status_of(form))
    messages.info(request, f"{schedule.name} is saved.")
    return redirect("schedules:detail", project.slug, schedule.uuid)


@login_required
@require_http_methods(["GET", "POST"])
def preview(request: MemberRequest, slug: str) -> HttpResponse:
    """The preview next to the form; without JavaScript, the whole page again."""
    return _preview(request, project_or_404(request, slug, Action.ADD_SCHEDULE), None)


@login_required
@require_http_methods(["GET", "POST"])
def edit_preview(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    schedule = editable_or_403(request, slug, uuid)
    return _preview(request, schedule.project, schedule)


def _preview(request: MemberRequest, project: Project, schedule: Schedule | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else request.GET
    form = ScheduleForm(
        with_offers(data),
        project=project,
        user=request.user,
        now=timezone.now(),
        schedule=schedule,
        prefill=_prefill(request, project, data.get(PREFILL_FIELD, "")),
        is_preview=True,
    )
    form.propose_account(is_other_connection=request.GET.get("changed") == "connection")
    form.forgive()
    template = "schedules/_preview.html" if request.htmx else "schedules/form.html"
    return _page(request, project, form, template=template)


def _created(request: MemberRequest, project: Project, form: ScheduleForm) -> Schedule | None:
    """The stored schedule; None if it was refused, with the reason in the form."""
    try:
        return schedules.create_schedule(
            project=project, user=request.user, run=form.cleaned_data["run"], **_common(form)
        )
    except _REFUSED as refusal:
        _explain(form, refusal)
        return None


def _edited(request: MemberRequest, schedule: Schedule, form: ScheduleForm) -> bool:
    try:
        schedules.edit_schedule(
            schedule=schedule,
            actor=request.user,
            # The form has compared the values of this one, whose row is locked.
            revision=schedule.revision,
            run=form.cleaned_data["run"] or None,
            **_common(form),
        )
    except _REFUSED as refusal:
        _explain(form, refusal)
        return False
    return True


def _common(form: ScheduleForm) -> dict[str, Any]:
    cleaned = form.cleaned_data
    same = {name: cleaned[name] for name in ("name", "connection", "compute_budget_account")}
    return same | {"timing": form.timing, "policies": form.policies, "now": form.now}


def _explain(form: ScheduleForm, refusal: Exception) -> None:
    if isinstance(refusal, schedules.BadChoice):
        form.add_error(refusal.field, refusal.message)
    elif isinstance(refusal, schedules.NameTaken):
        form.add_error("name", NAME_TAKEN)
    elif isinstance(refusal, schedules.NotYours):
        form.add_error("connection", NOT_YOURS)
    else:
        form.add_error(None, CHANGED)


def _new_form(request: MemberRequest, project: Project, now: datetime) -> ScheduleForm:
    """A new form, in the reader's time zone. With `?run=` it is filled in from that run, and checked at once."""
    proposed: dict[str, Any] = {"time_zone": timezone.get_current_timezone_name()}
    prefill = _prefill(request, project, request.GET.get("run", ""))
    if prefill is None:
        return ScheduleForm(project=project, user=request.user, now=now, initial=proposed)
    form = ScheduleForm(
        project=project, user=request.user, now=now, initial=proposed | _prefilled(prefill), prefill=prefill
    )
    linked = _as_if_sent(request, form)
    linked.forgive()
    return linked


def _prefilled(prefill: Prefill) -> dict[str, Any]:
    """The name, connection and account of a run, as far as the reader may use them."""
    run = prefill.run
    if run is None:
        return {}
    values = prefill.values()
    return {"run": run.uuid} | {name: values[name] for name in ("name", "connection", "compute_budget_account")}


def _prefill(request: MemberRequest, project: Project, source: str) -> Prefill | None:
    return prefill_from(source, among=Run.objects.visible_to(request.user).filter(project=project), user=request.user)


def _page(
    request: MemberRequest,
    project: Project,
    form: ScheduleForm,
    *,
    template: str = "schedules/form.html",
    status: int = 200,
) -> HttpResponse:
    schedule = form.schedule
    route, arguments = ("edit", [project.slug, schedule.uuid]) if schedule else ("add", [project.slug])
    found = _forecast(request, form)
    form.cron_words = found.words if found else ""
    context = {
        "project": project,
        "nav": "schedules",
        "form": form,
        "is_as_linked": request.method == "GET" and form.prefill is not None,
        "schedule": schedule,
        "action_url": reverse(f"schedules:{route}", args=arguments),
        "preview_url": reverse(f"schedules:{route}-preview", args=arguments),
        "forecast": found,
        "zones": choices(now=form.now),
        "presets": [{"expression": expression, "words": parse(expression).words} for expression in PRESETS],
        "has_connection": Connection.objects.owned_by(request.user).for_sites().exists(),
        "not_yours": NOT_YOURS if schedule and _is_somebody_elses(schedule, request) else "",
    }
    return render(request, template, context, status=status)


def _is_somebody_elses(schedule: Schedule, request: MemberRequest) -> bool:
    return schedule.connection is not None and schedule.connection.owner_id != request.user.pk


def _forecast(request: MemberRequest, form: ScheduleForm) -> Forecast | None:
    """The forecast; None while the times cannot be read."""
    if not form.is_bound:
        form = _as_if_sent(request, form)
    if form.timing is None:
        return None
    connection = form.chosen_connection()
    is_own = connection is not None and connection.owner_id == request.user.pk
    account = form.value("compute_budget_account") if is_own else ""
    return forecast(form.timing, run=form.chosen_run(), connection=connection, account=account, now=form.now)


def _as_if_sent(request: MemberRequest, form: ScheduleForm) -> ScheduleForm:
    """A form with the same values, checked: only a form with data has errors and a forecast."""
    # Without the fields that show the expression: those of the copy are made of it again.
    data = {name: form.value(name) for name in form.fields if name not in REPEAT_FIELDS}
    sent = ScheduleForm(
        data, project=form.project, user=request.user, now=form.now, schedule=form.schedule, prefill=form.prefill
    )
    sent.full_clean()
    return sent
