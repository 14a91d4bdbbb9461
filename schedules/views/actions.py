"""The buttons of a schedule: pause, resume, run now, duplicate, delete."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from mantik.accounts.member_request import MemberRequest
from mantik.idempotency.form_posts import once_per_form
from mantik.idempotency.services import Asked
from mantik.lib.answers import Confirmation, ask, status_of
from projects.permissions import Action
from schedules.cron import CronError, ZoneError
from schedules.forms import ResumeForm
from schedules.models import Schedule
from schedules.pages.detail import due_in_pause
from schedules.pages.rows import shown_at
from schedules.services import schedules
from schedules.states import Overlap
from schedules.views.loading import editable_or_403, schedule_or_404


@login_required
@require_POST
def pause(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    schedule = editable_or_403(request, slug, uuid)
    if schedules.pause_schedule(schedule=schedule, actor=request.user, now=timezone.now()):
        messages.info(request, f"{schedule.name} is paused. Its due times start no runs until somebody resumes it.")
    return redirect("schedules:detail", slug, schedule.uuid)


@login_required
@require_http_methods(["GET", "POST"])
def resume(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    """Ask what to do about the due times during the pause, then resume the schedule."""
    schedule = editable_or_403(request, slug, uuid)
    now = timezone.now()
    held = due_in_pause(schedule, now=now)
    form = ResumeForm(request.POST if request.method == "POST" else None, schedule=schedule, was_due=bool(held))
    if request.method == "POST" and form.is_valid():
        try:
            is_resumed = schedules.resume_schedule(
                schedule=schedule, actor=request.user, catch_up=form.cleaned_data["catch_up"], now=now
            )
        except schedules.NotAllowed as refusal:
            messages.error(request, f"{schedule.name} was not resumed. {refusal}")
        except (CronError, ZoneError) as error:
            messages.error(request, f"{schedule.name} was not resumed. {error.message}")
        else:
            if is_resumed:
                messages.info(request, _resumed(schedule))
        return redirect("schedules:detail", slug, schedule.uuid)
    context = {
        "project": schedule.project,
        "nav": "schedules",
        "schedule": schedule,
        "form": form,
        "held": held,
        "back_url": reverse("schedules:detail", args=[slug, schedule.uuid]),
    }
    return render(request, "schedules/resume.html", context, status=status_of(form))


@login_required
@require_http_methods(["GET", "POST"])
def run(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    schedule = editable_or_403(request, slug, uuid)
    if request.method == "GET":
        question = Confirmation(
            title=f"Run {schedule.name} now?",
            message=f"One more run starts now, billed to {schedule.compute_budget_account}. {_beside(schedule)}The "
            "schedule itself stays as it is.",
            verb="Run now",
            icon_name="play",
        )
        return _ask(request, schedule, question)
    try:
        started = schedules.run_now(
            schedule=schedule, actor=request.user, now=timezone.now(), asked=Asked.by_form(request.POST)
        )
    except schedules.NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("schedules:detail", slug, schedule.uuid)
    return redirect("runs:detail", slug, started.uuid)


def _beside(schedule: Schedule) -> str:
    """What becomes of a run of the schedule that is still active, as a sentence with a space, if one has to be said."""
    return "A run of it that is still active is cancelled. " if schedule.overlap == Overlap.CANCEL else ""


@login_required
@require_POST
@once_per_form
def duplicate(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    schedule = schedule_or_404(request, slug, uuid, Action.ADD_SCHEDULE)
    try:
        copy = schedules.duplicate_schedule(schedule=schedule, actor=request.user, now=timezone.now())
    except (schedules.NameTaken, schedules.ChangedMeanwhile):
        messages.error(request, "Somebody else duplicated or changed it at the same moment. Press Duplicate again.")
        return redirect("schedules:detail", slug, schedule.uuid)
    except (CronError, ZoneError) as error:
        messages.error(request, f"It cannot be duplicated. {error.message}")
        return redirect("schedules:detail", slug, schedule.uuid)
    lacks = "" if copy.connection_id else " It has no connection yet: choose one of yours."
    messages.info(request, f"{copy.name} is your copy. It is paused: change what you want, then resume it.{lacks}")
    return redirect("schedules:edit", slug, copy.uuid)


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    schedule = editable_or_403(request, slug, uuid)
    if request.method == "GET":
        question = Confirmation(
            title=f"Delete the schedule {schedule.name}?",
            message="It starts no more runs and cannot be restored. The list of its slots is deleted, too. Runs "
            "that it started are kept and continue.",
            verb="Delete schedule",
            icon_name="trash3",
        )
        return _ask(request, schedule, question)
    schedules.delete_schedule(schedule=schedule, actor=request.user)
    messages.info(request, f"{schedule.name} was deleted. Its runs are still here.")
    return redirect("schedules:list", slug)


def _resumed(schedule: Schedule) -> str:
    if schedule.next_due_at is None:
        return f"{schedule.name} has no due time left before its end. Edit it to choose a later end date."
    return f"{schedule.name} is resumed. It is due next on {shown_at(schedule, schedule.next_due_at)}."


def _ask(request: MemberRequest, schedule: Schedule, question: Confirmation) -> HttpResponse:
    back_url = reverse("schedules:detail", args=[schedule.project.slug, schedule.uuid])
    return ask(request, question, nav="schedules", project=schedule.project, back_url=back_url)
