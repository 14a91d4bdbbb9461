"""The data of a release: a row in each table, and each value of each list of choices.

The scene of the browser tests is most of it. What is here as well: a project whose runs and schedule can go on at a
site, and what nobody needs to look at pages. `build.py` says what is missing.
"""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from celery import current_app
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, SolarSchedule

from connections.models import Connection, Site
from mantik.account_deletion.services import delete_account
from mantik.accounts.models import Theme, User
from mantik.accounts.oidc import PROVIDER_ID
from mantik.idempotency.services import Asked
from mantik.notices.models import Letter
from mantik.notices.services import notify
from mantik.tokens.hashing import PERSONAL
from projects.addressing import slugs
from projects.code.stored import StoredCode
from projects.models import CodeRepository, Invitation, Project
from projects.roles import GROUP_ROLES, Role
from projects.services.experiments import delete_experiment
from runs.models import Run, TrackedItem
from runs.planning.plan import Choices, make_plan
from runs.restored.marks import set_mark
from runs.services import create_run
from runs.states import RunState
from runs.tracking.run_tokens import make_run_token
from schedules.firing.beat import ScheduleBeat
from schedules.states import CatchUp, CodePolicy, Outcome, Overlap
from tests.browser import scene
from tests.support import factories as make
from tests.upgrade import known
from tests.upgrade.sources import fetch_as, write_code

GIT_HOST = "https://git.example.org/group"
# Nobody listens there; the tests lead it to a site of theirs.
NOWHERE = "http://127.0.0.1:9/POLAR/rest/core"


def build(directory: Path) -> None:
    """Into the database that is there, without anything yet. `directory` is for git repositories."""
    _scene(directory)
    member = make.make_user(known.MEMBER, first_name="Noor", password=known.PASSWORD, time_zone="Europe/Oslo")
    project = make.make_project(slug=known.FORMER_ADDRESS, name="Sea ice", is_public=True)
    make.join(project, Role.OWNER, member)
    slugs.move(project, known.PROJECT, actor=member)
    _what_goes_on(project, member, directory)
    _people(member, project)
    _of_projects(project, member)
    _of_connections()
    _of_models_and_logs()
    _of_operators(project)
    _told(member)


def _scene(directory: Path) -> None:
    urls = (f"{GIT_HOST}/pv-yield.git", f"{GIT_HOST}/broken.git")
    codes = (scene.CODE, scene.OTHER_CODE)
    for uuid, path, url in zip(codes, scene.write_sources(directory), urls, strict=True):
        fetch_as(url, uuid, path)
    scene.build(urls)


def _what_goes_on(project: Project, member: User, directory: Path) -> None:
    url, uuid = f"{GIT_HOST}/{known.CODE}.git", uuid4()
    fetch_as(url, uuid, write_code(directory / known.CODE).path)
    code = scene.add_code(project, member, uuid, known.CODE, url)
    connection = make.make_connection(
        owner=member,
        name="polar",
        site=make.make_site(name=known.SITE, base_url=NOWHERE),
        login_name=known.SITE_LOGIN,
        secret=known.SITE_PASSWORD,
    )
    pending = _start(known.PENDING_RUN, code, connection)
    _send(_start(known.POSTED_RUN, code, connection))
    _schedules(pending)


def _start(name: str, code: CodeRepository, connection: Connection) -> Run:
    """As RUN! does it."""
    plan = make_plan(
        Choices(
            code_repository=code,
            branch="main",
            mlproject_path="MLproject",
            entry_point="main",
            parameters={"year": "2025"},
            backend_config_path="unicore.yaml",
            connection=connection,
        ),
        StoredCode(code),
    )
    assert not plan.problems, plan.problems
    return create_run(
        project=code.project,
        user=connection.owner,
        name=name,
        experiment=make.make_experiment(project=code.project, name=f"of {name}", created_by=connection.owner),
        connection=connection,
        compute_budget_account=known.ACCOUNT,
        plan=plan,
        now=timezone.now(),
        asked=Asked(key=name),
    )


def _send(run: Run) -> None:
    """As a worker leaves it whose POST has had no answer."""
    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(
        state=RunState.SUBMITTING,
        attempts=1,
        submitting_at=now,
        posted_at=now,
        was_in_doubt=True,
        code_sha256="0" * 64,
        code_size=512,
        job_script="#!/bin/bash\necho cover of 2025\n",
        waiting_for=f"{known.SITE} did not confirm the job.",
        waiting_since=now,
        next_attempt_at=now + timedelta(seconds=5),
    )
    make.add_event(run, "A worker took it up.", kind="state.submitting", at=now)


def _schedules(run: Run) -> None:
    now = timezone.now()
    kinds: dict[str, dict[str, Any]] = {
        known.SCHEDULE: {"last_outcome": Outcome.SKIPPED},
        "with the newest code": {
            "code_policy": CodePolicy.NEWEST,
            "overlap": Overlap.CANCEL,
            "missed": CatchUp.ALL,
            "last_outcome": Outcome.MISSED,
            "most_runs_per_day": 3,
            "end_date": known.NEVER.date(),
        },
        "beside each other": {
            "overlap": Overlap.ALLOW,
            "missed": CatchUp.SKIP,
            "last_outcome": Outcome.HELD,
            "jitter_seconds": 600,
        },
        "forgotten": {"last_outcome": Outcome.UNKNOWN},
    }
    for name, columns in kinds.items():
        made = make.make_schedule(
            run=run,
            name=name,
            cron_expression="30 6 * * *",
            time_zone="Europe/Oslo",
            last_due_at=now - timedelta(hours=3, minutes=30),
            last_reason="As it was yesterday.",
            **columns,
        )
        if columns["last_outcome"] == Outcome.UNKNOWN:
            make.make_slot(made, now - timedelta(hours=3, minutes=30), Outcome.UNKNOWN)


def _people(member: User, project: Project) -> None:
    now = timezone.now()
    other = make.make_user(known.OTHER, password=known.PASSWORD)
    TOTP.activate(other, known.TOTP_SECRET)
    RecoveryCodes.activate(other)
    Authenticator.objects.create(
        user=other, type=Authenticator.Type.WEBAUTHN, data={"name": "blue key", "credential": make.PASSKEY}
    )
    SocialAccount.objects.create(user=other, provider=PROVIDER_ID, uid="sefa-4711", extra_data={"sub": "sefa-4711"})
    for theme, user in zip(Theme, User.objects.order_by("pk"), strict=False):
        User.objects.filter(pk=user.pk).update(theme=theme)
    for user in (member, other):
        Client().force_login(user)
    delete_account(user=make.make_user("leaver"), now=now)
    make.make_stored_token(member, known.TOKEN, created_at=now, expires_at=known.NEVER)
    make.make_stored_token(
        member,
        PERSONAL.new(),
        name="one project",
        created_at=now,
        expires_at=known.NEVER,
        project_uuids=[str(project.uuid)],
    )
    make_run_token(Run.objects.filter(state=RunState.QUEUED).latest("pk"), now=now)


def _of_projects(project: Project, member: User) -> None:
    now = timezone.now()
    for role in GROUP_ROLES:
        make.join_by_group(project, role)
    for state, role in zip(Invitation.State, Role, strict=True):
        closed_at = None if state is Invitation.State.OPEN else now
        make.make_invitation(
            project=project, email=f"{role.value}@example.org", role=role, state=state, closed_at=closed_at
        )
    for platform in CodeRepository.Platform:
        make.make_code_repository(project=project, created_by=member, name=f"on {platform}", platform=platform)
    asked = {"fetch_requested": 2, "fetch_served": 1, "fetch_requested_at": now}
    code = make.make_code_repository(project=project, created_by=member, name="asked for", **asked)
    code.wanted_paths.create(path="configs/night.toml", asked_at=now)
    make.make_git_outage(began_at=now, next_try_at=now)
    melted = make.make_experiment(project=project, created_by=member, name="melted", mlflow_experiment_id="17")
    delete_experiment(experiment=melted, actor=member, now=now)


def _of_connections() -> None:
    """What login services have given."""
    now = timezone.now()
    connection = Connection.objects.filter(kind=Connection.Kind.UNICORE_OIDC).latest("pk")
    connection.sealed_access = connection.sealed("access", "an access token")
    connection.access_expires_at = now + timedelta(minutes=5)
    connection.save()
    site = Site.objects.exclude(oidc_client_id="").latest("pk")
    site.put_oidc_secret("of the client")
    site.save()
    make.make_outage(site, ended_at=now)
    make.make_visit(Connection.objects.for_sites().latest("pk"), lease_until=now)


def _of_models_and_logs() -> None:
    now = timezone.now()
    listed = {"model_id": "", "path": "model", "label": "model", "logged_at": ""}
    asked_of = Run.objects.filter(state=RunState.FINISHED).latest("pk")
    make.make_listing(asked_of, asked_at=None, looked_at=now, listed_at=now, found=[listed])
    make.retire_model(check_at=now + timedelta(hours=1))
    make.retire_run(asked_of)
    large = Run.objects.filter(state=RunState.FAILED).latest("pk")
    tail = large.log_size + 1_000_000
    make.add_chunk(large, b"the end\n", offset=tail)
    Run.objects.filter(pk=large.pk).update(log_truncated=True, log_tail_from=tail, log_tail_to=tail + 8)
    run = Run.objects.filter(state=RunState.FINISHED).latest("pk")
    make.add_chunk(run, known.ODD_BYTES, offset=run.log_size)
    Run.objects.filter(pk=run.pk).update(log_size=run.log_size + len(known.ODD_BYTES))
    make.make_job_tracking(run, due_at=now, failures=1, waiting_for="MLflow does not answer.")
    journal = make.make_journal(run, offset=100, number=2, has_end=True)
    journal.passed_over, journal.unknown = {"Lines that are damaged.": 1}, {"POST v1/traces": 2}
    journal.save()
    make.make_journal_part(journal)
    # A tail and a body.
    make.log_to(run, *(float(step) for step in range(200)), math.nan, math.inf)
    make.make_table_columns(user=run.created_by, experiment=run.experiment)
    make.make_table_columns(user=run.created_by, project=run.project)
    make.make_failures_seen(user=run.created_by, project=run.project, until=now, runs=[run.pk])
    local = make.make_local_run(project=run.project, created_by=run.created_by, name="from a notebook")
    make.make_tracked_item(local, mlflow_id="0" * 31 + "1")
    make.make_tracked_item(local, kind=TrackedItem.Kind.MODEL, mlflow_id="m-" + "0" * 31 + "2")


def _of_operators(project: Project) -> None:
    """What they have done in the admin, and what beat has put there for them."""
    operator = make.make_user(known.OPERATOR, password=known.PASSWORD, is_staff=True)
    reads = list(Permission.objects.filter(codename__startswith="view_").order_by("pk"))
    group = Group.objects.create(name="on duty")
    group.permissions.set(reads)
    operator.groups.add(group)
    operator.user_permissions.add(reads[0])
    LogEntry.objects.create(
        user=operator,
        content_type=ContentType.objects.get_for_model(Project),
        object_id=str(project.pk),
        object_repr=str(project),
        action_flag=CHANGE,
    )
    ScheduleBeat(app=current_app).sync()
    SolarSchedule.objects.create(event="sunrise", latitude=78, longitude=15)
    ClockedSchedule.objects.create(clocked_time=known.NEVER)
    now = timezone.now()
    make.make_restore(backup_of=now - timedelta(days=1), at=now)
    set_mark(now=now)


def _told(member: User) -> None:
    notify(user=member, text=known.ODD_TEXT, url="/projects/", key="odd")
    make.make_notice(member, "You have read this.", read_at=timezone.now())
    late = Letter.objects.earliest("pk")
    Letter.objects.filter(pk=late.pk).update(attempts=2, error="TimeoutError: timed out")
    make.make_sealed_letter(known.ODD_TEXT, send_until=known.NEVER)
