"""Runs as rows of lists: what to show, and which buttons this user may press."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from projects.models import Project
from projects.permissions import Action, may
from runs.models import RegisteredModel, Run
from runs.notes.stars import starred
from runs.pages.commits import commit_url
from runs.pages.phases import Segment, phase_segments
from runs.pages.waiting import Waiting, sites_now, waiting
from runs.registered_models.services import may_unregister, offers_model
from runs.services import may_delete
from runs.states import FAILURES, Badge, RunState


@dataclass(frozen=True)
class RunRow:
    id: str
    uuid: str
    url: str
    name: str
    badge: Badge
    detail: str
    segments: list[Segment]
    # "" while the newest commit of the branch `newest_of` is still to be read.
    commit_sha: str
    newest_of: str
    commit_url: str | None
    by: str
    created_at: datetime
    duration: timedelta
    is_active: bool
    is_local: bool
    # Its job went without files of the code.
    is_incomplete: bool
    again_url: str | None
    delete_url: str | None
    # The run's model, if it is registered.
    model_name: str
    model_url: str | None
    register_url: str | None
    unregister_url: str | None
    # None for somebody who is not signed in.
    star_url: str | None
    is_starred: bool
    # For the list of submissions
    site: str
    account: str
    job: str
    attempts: int
    submitted_at: datetime | None
    submission_note: str


def run_rows(runs: list[Run], *, user: User | AnonymousUser, project: Project, now: datetime) -> list[RunRow]:
    """The rows of a list. One query for the user's role, one for their stars, and those of `sites_now`."""
    may_run, may_register = may(user, Action.ADD_RUN, project), may(user, Action.REGISTER_MODEL, project)
    sites = sites_now(runs, now=now)
    stars = starred(runs, user)
    return [
        _row(run, user, project, may_run, may_register, now, waiting(run, now=now, sites=sites), run.pk in stars)
        for run in runs
    ]


def _row(
    run: Run,
    user: User | AnonymousUser,
    project: Project,
    may_run: bool,
    may_register: bool,
    now: datetime,
    held_up: Waiting | None,
    is_starred: bool,
) -> RunRow:
    arguments = {"slug": project.slug, "uuid": run.uuid}
    # So that neither the addresses nor the user's role need a query for each row.
    run.project = project
    model = model_of(run)
    registrable = may_register and model is None and offers_model(run)
    deletable = run.is_terminal and user.is_authenticated and may_delete(user, run)
    return RunRow(
        id=f"run-{run.short_id}",
        uuid=str(run.uuid),
        url=reverse("runs:detail", kwargs=arguments),
        name=run.name,
        badge=run.badge,
        detail=detail_line(run, held_up),
        segments=phase_segments(run, now=now),
        commit_sha="" if run.newest_of else run.commit_sha,
        newest_of=run.newest_of,
        commit_url=commit_url(run),
        by=run.created_by.display_name,
        created_at=run.created_at,
        duration=run.duration(now),
        is_active=run.is_active,
        is_local=run.is_local,
        is_incomplete=bool(run.code_missing),
        again_url=again_url(run, project) if may_run and not run.is_local else None,
        delete_url=reverse("runs:delete", kwargs=arguments) if deletable else None,
        model_name=model.name if model else "",
        model_url=model_url("detail", model) if model else None,
        register_url=reverse("runs:register", kwargs=arguments) if registrable else None,
        unregister_url=model_url("unregister", model) if model and may_unregister(user, model) else None,
        star_url=reverse("runs:star", kwargs=arguments) if user.is_authenticated else None,
        is_starred=is_starred,
        site=run.site_name,
        account=run.compute_budget_account,
        job=run.batch_system_id,
        attempts=run.attempts,
        submitted_at=run.submitted_at,
        submission_note=_submission_note(run, held_up),
    )


def again_url(run: Run, project: Project) -> str:
    return f"{reverse('runs:new', kwargs={'slug': project.slug})}?{urlencode({'from': str(run.uuid)})}"


def model_of(run: Run) -> RegisteredModel | None:
    """The model of `run`, if it is registered."""
    model: RegisteredModel | None = getattr(run, "registered_model", None)
    if model is not None:
        model.project = run.project
    return model


def model_url(name: str, model: RegisteredModel) -> str:
    return reverse(f"registered_models:{name}", args=[model.project.slug, model.uuid])


def detail_line(run: Run, held_up: Waiting | None) -> str:
    """Why the run waits or failed; otherwise its experiment, site and account, or the program that started it."""
    if held_up:
        return held_up.reason
    if run.run_state in (*FAILURES, RunState.CANCELLED) and run.outcome:
        return run.outcome
    if run.is_local:
        return " · ".join(filter(None, (run.experiment.name, run.code_name)))
    return f"{run.experiment.name} · {run.site_name} · {run.compute_budget_account}"


def _submission_note(run: Run, held_up: Waiting | None) -> str:
    """Why the submission waited or failed, "" if it went through."""
    if run.submitted_at and not run.was_refused:
        return ""
    return held_up.reason if held_up else run.outcome
