"""Rows to test with: valid as they are, so that a test names only what it is about.

Whatever is not given is made, and fits the rest: a run's experiment and code repository are of its project,
its connection is of its member. Any column can be given by name.
"""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import transaction
from django.utils import timezone

from connections.models import Connection, Site, SiteOutage, SiteVisit
from mantik.accounts.models import User
from mantik.notices.models import Letter, Notice, SealedLetter
from mantik.tokens.hashing import PERSONAL
from mantik.tokens.models import PersonalAccessToken, Scope
from projects.code.listing import pack
from projects.code.models import CodeCommit
from projects.models import (
    CodeRepository,
    Experiment,
    FormerAddress,
    GitHostOutage,
    GroupMember,
    GroupMembership,
    Invitation,
    Label,
    Membership,
    Project,
    RetiredExperiment,
    UserGroup,
)
from projects.roles import Role
from runs.models import (
    FailuresSeen,
    Installation,
    JobTracking,
    Journal,
    JournalPart,
    ModelListing,
    Restore,
    RetiredModel,
    RetiredRun,
    Run,
    RunEvent,
    RunLogChunk,
    RunStar,
    RunSummaries,
    TableColumns,
    TrackedItem,
)
from runs.planning.repeatable import RECIPE
from runs.states import AT_SITE, RunState
from runs.tracking.local_runs import end_local_run, start_local_run
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from runs.tracking.summaries.texts import take_in_params, take_in_tags
from schedules.firing.timing import fire_moment, stored_timing
from schedules.models import Schedule, Slot
from schedules.operators import periodic_tasks
from schedules.states import Outcome

PASSWORD = "correct horse battery"
# What Chromium said when a pretended device made a passkey, which is gone.
PASSKEY: dict[str, Any] = {
    "id": "6w5Hdv4fho319QxgANE40-7y-lYGqmFuA6-4RmhLImU",
    "rawId": "6w5Hdv4fho319QxgANE40-7y-lYGqmFuA6-4RmhLImU",
    "type": "public-key",
    "response": {
        "attestationObject": (
            "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikSZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NFAAAAAQEC"
            "AwQFBgcIAQIDBAUGBwgAIOsOR3b-H4aN9fUMYADRONPu8vpWBqphbgOvuEZoSyJlpQECAyYgASFYIIkaSc8cd4DzBbNd"
            "DesXEisjbunisd1XVS6SAhSlNaYeIlgg_XPHuyTjjHP8TyWY6g5-2kZYlWtoCYNOhtFLx_VLN_o"
        ),
        "clientDataJSON": (
            "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiUVQ5N3RkZVNTX05oRk5QaFRsd1kxLWZzYVZVNUJy"
            "YTkwS2JUa1RwbHRXYyIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6NTE2MDkiLCJjcm9zc09yaWdpbiI6ZmFsc2V9"
        ),
    },
    "clientExtensionResults": {"credProps": {"rk": True}},
}
# What a schedule has of the run it repeats.
RECIPE_NAMES = frozenset(name.removesuffix("_id") for name in RECIPE)
SHA = "a41f9c2b7d5e4f60918273645aabbccddeeff001"
MLPROJECT = """\
name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
    command: "python train.py --epochs {epochs} --lr {lr}"
"""
BACKEND_CONFIG = """\
Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
"""

_numbers = itertools.count(1)


def make_user(username: str = "", *, password: str = PASSWORD, **columns: Any) -> User:
    name = username or f"member{next(_numbers)}"
    return User.objects.create_user(name, f"{name}@example.org", password, **columns)


def make_second_factors(user: User) -> str:
    """An authenticator app, whose secret this is, a passkey that works with no key there is, and recovery codes."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "blue key", "credential": PASSKEY}
    )
    return secret


def make_project(**columns: Any) -> Project:
    """Without members: add them with `join`."""
    number = next(_numbers)
    return Project.objects.create(**{"slug": f"project-{number}", "name": f"Project {number}"} | columns)


def join(project: Project, role: Role = Role.RESEARCHER, user: User | None = None) -> User:
    """A member of `project` with `role`."""
    member = user or make_user(f"{role.value}{next(_numbers)}")
    Membership.objects.create(project=project, user=member, role=role)
    return member


def make_group(*people: User, admin: User | None = None, **columns: Any) -> UserGroup:
    """A group with `people` in it, and one admin more."""
    group = UserGroup.objects.create(**{"name": f"Group {next(_numbers)}"} | columns)
    add_to_group(group, admin, is_admin=True)
    for person in people:
        add_to_group(group, person)
    return group


def join_by_group(project: Project, role: Role = Role.RESEARCHER, user: User | None = None) -> User:
    """Somebody whose group, and not they themselves, has `role` in `project`."""
    member = user or make_user(f"{role.value}{next(_numbers)}")
    make_group_membership(group=make_group(member), project=project, role=role)
    return member


def make_group_membership(*, group: UserGroup, project: Project, role: Role = Role.GUEST) -> GroupMembership:
    return GroupMembership.objects.create(project=project, group=group, role=role)


def unconfirm_address(user: User) -> None:
    """`user` has not yet shown that their e-mail address is theirs."""
    EmailAddress.objects.filter(user=user).update(verified=False)


def add_to_group(group: UserGroup, user: User | None = None, *, is_admin: bool = False) -> GroupMember:
    return GroupMember.objects.create(group=group, user=user or make_user(), is_admin=is_admin)


def make_former_address(project: Project, slug: str) -> FormerAddress:
    return FormerAddress.objects.create(project=project, slug=slug)


def make_label(name: str) -> Label:
    return Label.objects.create(name=name)


def make_notice(user: User, text: str = "Something happened.", **columns: Any) -> Notice:
    """Without a letter; `notify` sends one."""
    return Notice.objects.create(user=user, text=text, **columns)


def make_letter(**columns: Any) -> Letter:
    """Due now."""
    usual = {"address": "ada@example.org", "subject": "Hello", "next_attempt_at": timezone.now()}
    return Letter.objects.create(**usual | columns)


def make_sealed_letter(text: str = "A link.", **columns: Any) -> SealedLetter:
    """Due now, for an hour."""
    now = timezone.now()
    usual = {"address": "ada@example.org", "subject": "Hello", "created_at": now, "next_attempt_at": now}
    letter = SealedLetter(**{"send_until": now + timedelta(hours=1)} | usual | columns)
    letter.put(text)
    letter.save()
    return letter


def make_stored_token(user: User, token: str, **columns: Any) -> PersonalAccessToken:
    """What is kept of `token`."""
    hashed = PERSONAL.hash(token)
    usual = {"name": "notebook", "scope": Scope.READ, "prefix": PERSONAL.prefix_of(token), "created_at": timezone.now()}
    kept = {"digest": hashed.digest, "key_id": hashed.key_id}
    return PersonalAccessToken.objects.create(user=user, **kept, **usual | columns)


def make_invitation(*, project: Project, user: User | None = None, **columns: Any) -> Invitation:
    """Open, made just now, for two weeks, by nobody who is still known. For `user`, or for the address `email`."""
    now = timezone.now()
    usual = {"role": Role.RESEARCHER, "created_at": now, "expires_at": now + timedelta(days=14)}
    return Invitation.objects.create(project=project, user=user, **usual | columns)


def make_experiment(*, project: Project | None = None, **columns: Any) -> Experiment:
    usual = {"name": f"experiment-{next(_numbers)}", "created_by": columns.get("created_by") or make_user()}
    return Experiment.objects.create(project=project or make_project(), **usual | columns)


def make_code_repository(*, project: Project | None = None, **columns: Any) -> CodeRepository:
    """On a host that does not exist, and never fetched."""
    name = f"code-{next(_numbers)}"
    usual = {
        "name": name,
        "url": f"https://git.example.org/group/{name}.git",
        "created_by": columns.get("created_by") or make_user(),
    }
    return CodeRepository.objects.create(project=project or make_project(), **usual | columns)


def make_code_commit(code: CodeRepository, **columns: Any) -> CodeCommit:
    """A commit that was read, with no files."""
    usual = {"sha": SHA, "listing": pack([], {}), "is_whole": True, "needed_at": timezone.now()}
    return CodeCommit.objects.create(code_repository=code, **usual | columns)


def make_site(**columns: Any) -> Site:
    number = next(_numbers)
    usual = {"name": f"Site {number}", "base_url": f"https://hpc{number}.example.org:8080/SITE/rest/core"}
    return Site.objects.create(**usual | columns)


def make_git_outage(host: str = "git.example.org", **columns: Any) -> GitHostOutage:
    now = timezone.now()
    usual = {"began_at": now, "next_try_at": now, "reason": f"{host} did not answer within 30 seconds."}
    return GitHostOutage.objects.create(host=host, **usual | columns)


def make_outage(site: Site, **columns: Any) -> SiteOutage:
    """One that goes on. The site is due to be asked whether it is back."""
    now = timezone.now()
    usual = {"began_at": now, "next_try_at": now, "reason": f"{site.host} took too long to answer."}
    return SiteOutage.objects.create(site=site, **usual | columns)


def make_visit(connection: Connection, **columns: Any) -> SiteVisit:
    """As a worker that was killed leaves it."""
    assert connection.site
    usual = {"place": 0, "place_of_connection": 0, "lease_token": uuid.uuid4(), "lease_until": timezone.now()}
    return SiteVisit.objects.create(site=connection.site, connection=connection, **usual | columns)


def make_connection(*, owner: User | None = None, secret: str = "s3cret", **columns: Any) -> Connection:
    """For a site, by password. With `kind=Connection.Kind.GIT_TOKEN` or `SSH_KEY`: for a git host."""
    usual: dict[str, Any] = {
        "owner": owner or make_user(),
        "kind": Connection.Kind.UNICORE_PASSWORD,
        "name": f"connection-{next(_numbers)}",
        "login_name": "ada",
        "secret_set_at": timezone.now(),
    }
    connection = Connection(**usual | columns)
    if connection.traits.has_site and connection.site is None:
        connection.site = make_site()
    connection.put_secret(secret)
    connection.save()
    return connection


def make_run(state: RunState = RunState.PENDING, *, project: Project | None = None, **columns: Any) -> Run:
    """A run in `state` with what a run of that state has, started at `created_at`, else ten minutes ago."""
    run = Run(**_form_columns(project or make_project(), columns))
    # The state's own columns; what a test names wins.
    for name, value in (_columns_of(state, run) | columns).items():
        setattr(run, name, value)
    run.state = state
    run.save()
    return run


def make_job_tracking(run: Run, **columns: Any) -> JobTracking:
    """Of a job that was sent a relay, and of which nobody fetches anything yet."""
    return JobTracking.objects.create(run=run, **columns)


def make_journal(run: Run, name: str = "journal-1", **columns: Any) -> Journal:
    """Of which nothing is applied yet."""
    return Journal.objects.create(run=run, name=name, **columns)


def make_journal_part(journal: Journal, content: bytes = b"{}\n", **columns: Any) -> JournalPart:
    """What its relay has sent, from the cursor of `journal` on."""
    start = journal.offset
    return JournalPart.objects.create(
        journal=journal, **{"offset": start, "end": start + len(content), "content": content} | columns
    )


def log_to(run: Run, *values: float, key: str = "loss", owner: str = "") -> None:
    """Metrics, a param and a tag in our rows, as if a training had logged them; MLflow is not asked."""
    points = [Point(owner, key, value, 1_764_000_000_000 + step, step) for step, value in enumerate(values)]
    with transaction.atomic():
        take_in(run, points)
        take_in_params(run, {owner: {"lr": "0.001"}})
        take_in_tags(run, {owner: {"stage": "first"}})


def make_local_run(state: RunState = RunState.RUNNING, *, project: Project | None = None, **columns: Any) -> Run:
    """A local run, begun ten minutes ago unless `created_at` says otherwise.

    As `runs.tracking.local_runs` makes and ends one, without its MLflow run.
    """
    project = project or make_project()
    member = columns.pop("created_by", None) or join(project)
    begun = columns.pop("created_at", None) or timezone.now() - timedelta(minutes=10)
    run = start_local_run(
        experiment=columns.pop("experiment", None) or make_experiment(project=project, created_by=member),
        user=member,
        name=columns.pop("name", None) or f"run-{next(_numbers)}",
        mlflow_run_id=columns.pop("mlflow_run_id", None) or uuid.uuid4().hex,
        source=columns.pop("source", "train.py"),
        commit=columns.pop("commit", SHA),
        now=begun,
    )
    if state is not RunState.RUNNING:
        end_local_run(run, to=state, now=begun + timedelta(minutes=9), message="Its program said that it is over.")
    for name, value in columns.items():
        setattr(run, name, value)
    run.save()
    return run


def make_run_summaries(run: Run, **columns: Any) -> RunSummaries:
    return RunSummaries.objects.create(run=run, **columns)


def make_tracked_item(run: Run, **columns: Any) -> TrackedItem:
    """A child run of `run` in MLflow."""
    usual = {"kind": TrackedItem.Kind.RUN, "mlflow_id": uuid.uuid4().hex, "created_at": timezone.now()}
    return TrackedItem.objects.create(run=run, **usual | columns)


def _form_columns(project: Project, given: dict[str, Any]) -> dict[str, Any]:
    """What the form and RUN! store."""
    columns: dict[str, Any] = {
        "uuid": uuid.uuid4(),
        "project": project,
        "created_at": timezone.now() - timedelta(minutes=10),
        "name": f"run-{next(_numbers)}",
        "branch": "main",
        "commit_sha": SHA,
        "commit_subject": "Tune warm-up",
        "commit_author": "Ada",
        "mlproject_path": "MLproject",
        "mlproject_content": MLPROJECT,
        "entry_point": "train",
        "parameters": {"epochs": "40", "lr": "0.0008"},
        "backend_config_path": "hpc/unicore.yaml",
        "backend_config_content": BACKEND_CONFIG,
        "compute_budget_account": "acc_sol",
        "queue": "gpu",
        "nodes": 4,
        "cpus_per_node": 4,
        "cpus": 16,
        "runtime_limit": timedelta(minutes=30),
    } | given
    member = columns.setdefault("created_by", None) or join(project)
    columns["created_by"] = member
    for name, make in (("experiment", make_experiment), ("code_repository", make_code_repository)):
        columns[name] = columns.get(name) or make(project=project, created_by=member)
    if "connection" not in columns:
        columns["connection"] = make_connection(owner=member)
    code = columns["code_repository"]
    for name in ("name", "url", "platform"):
        columns.setdefault(f"code_{name}", getattr(code, name) if code else "")
    connection = columns["connection"]
    columns.setdefault("site_name", connection.site.name if connection and connection.site else "Site A")
    columns.setdefault("submission_tag", f"mantik-{columns['uuid']}")
    columns.setdefault("next_attempt_at", timezone.now())
    columns.setdefault("committed_at", columns["created_at"] - timedelta(hours=3))
    return columns


def _columns_of(state: RunState, run: Run) -> dict[str, Any]:
    """What submission and following have written by the time `run` is in `state`."""
    created_at = run.created_at
    columns: dict[str, Any] = {}
    if state is not RunState.PENDING:
        columns |= {"attempts": 1, "submitting_at": created_at + timedelta(seconds=2)}
    if state not in (RunState.PENDING, RunState.SUBMITTING):
        job = uuid.uuid4()
        submitted_at = created_at + timedelta(seconds=4)
        columns |= {
            "job_url": f"https://hpc.example.org:8080/SITE/rest/core/jobs/{job}",
            "job_script": "#!/bin/bash\nset -u\npython train.py --epochs 40 --lr 0.0008\n",
            "batch_system_id": str(job.int)[:8],
            "posted_at": submitted_at,
            "start_sent_at": submitted_at,
            "submitted_at": submitted_at,
            "next_attempt_at": None,
        }
    if state in AT_SITE:
        columns["next_poll_at"] = timezone.now()
    if state in (RunState.RUNNING, RunState.FINISHED, RunState.FAILED):
        columns["running_at"] = created_at + timedelta(minutes=2)
    return columns | _end_columns(state, run, created_at + timedelta(minutes=9))


def _end_columns(state: RunState, run: Run, ended_at: datetime) -> dict[str, Any]:
    ends: dict[RunState, dict[str, Any]] = {
        RunState.FINISHED: {"exit_code": 0, "core_hours": 1.9, "outcome": "The job ended with exit code 0."},
        RunState.FAILED: {"exit_code": 1, "core_hours": 1.9, "outcome": "The job ended with exit code 1."},
        RunState.CANCELLED: {
            "cancel_requested_at": ended_at - timedelta(seconds=10),
            "cancel_requested_by": run.created_by,
            "outcome": f"Cancelled by {run.created_by.display_name}.",
        },
        RunState.LOST: {
            "outcome": f"{run.site_name} no longer knows the job. It was deleted there, or has expired.",
        },
    }
    if state not in ends:
        return {}
    return {"ended_at": ended_at, "log_complete": True, **ends[state]}


def add_event(run: Run, message: str, *, at: datetime | None = None, **columns: Any) -> RunEvent:
    usual = {"kind": "note", "at": at or timezone.now()}
    return RunEvent.objects.create(run=run, message=message, **usual | columns)


def add_chunk(run: Run, content: bytes, *, offset: int = 0) -> RunLogChunk:
    """Of its log. The columns of the run that say what is stored stay as they are."""
    return RunLogChunk.objects.create(run=run, offset=offset, content=content)


def append_log(run: Run, text: str) -> None:
    """As a worker does that fetched this much more from the site."""
    content = text.encode()
    add_chunk(run, content, offset=run.log_size)
    run.log_size += len(content)
    run.save(update_fields=["log_size"])


def make_listing(run: Run, **columns: Any) -> ModelListing:
    """That MLflow is to be asked which models `run` has logged."""
    return ModelListing.objects.create(run=run, **{"asked_at": timezone.now()} | columns)


def retire_model(**columns: Any) -> RetiredModel:
    usual = {"model_uuid": uuid.uuid4(), "registry_name": "1.melted", "check_at": timezone.now()}
    return RetiredModel.objects.create(**usual | columns)


def retire_run(run: Run, **columns: Any) -> RetiredRun:
    """What was asked for when `run` was deleted."""
    usual = {"mlflow_run_id": run.mlflow_run_id, "retired_at": timezone.now()}
    return RetiredRun.objects.create(uuid=run.uuid, name=run.name, project=run.project, **usual | columns)


def retire_experiment(mlflow_experiment_id: str) -> RetiredExperiment:
    """One that is still to be deleted in MLflow."""
    return RetiredExperiment.objects.create(mlflow_experiment_id=mlflow_experiment_id, retired_at=timezone.now())


def make_restore(*, backup_of: datetime, at: datetime) -> Restore:
    return Restore.objects.create(backup_of=backup_of, at=at)


def make_installation(*, marked_at: datetime) -> Installation:
    return Installation.objects.create(pk=1, marked_at=marked_at)


def make_schedule(*, project: Project | None = None, now: datetime | None = None, **columns: Any) -> Schedule:
    """Enabled since `now`, every five minutes in UTC, repeating a run that finished."""
    begun = now or timezone.now()
    run = columns.pop("run", None)
    mine = {name: columns.pop(name) for name in RECIPE_NAMES & set(columns)}
    maker = {"created_by": columns["created_by"]} if "created_by" in columns else {}
    run = run or make_run(RunState.FINISHED, project=project or make_project(), **maker | mine)
    member = columns.setdefault("created_by", run.created_by)
    usual: dict[str, Any] = {
        "project": run.project,
        "run": run,
        "name": f"schedule-{next(_numbers)}",
        "created_at": begun,
        "last_edited_by": member,
        "last_edited_at": begun,
        "state_changed_at": begun,
        "dealt_with_until": begun,
        "cron_expression": "*/5 * * * *",
        "time_zone": "UTC",
    }
    # By "connection_id" it would win over the connection that is given.
    copied = {name: value for name, value in run.recipe.items() if name.removesuffix("_id") not in mine}
    schedule = Schedule(**copied | mine | usual | columns)
    timing = stored_timing(schedule)
    if schedule.is_enabled and schedule.next_due_at is None:
        schedule.next_due_at = timing.next_after(begun)
        assert schedule.next_due_at, "it has no due time left"
        schedule.next_fire_at = fire_moment(schedule.uuid, schedule.next_due_at, schedule.jitter_seconds)
    schedule.periodic_task = periodic_tasks.add(schedule=schedule, timing=timing)
    schedule.save()
    return schedule


def make_slot(schedule: Schedule, due_at: datetime, outcome: Outcome = Outcome.FIRED, **columns: Any) -> Slot:
    """One that was dealt with on time."""
    usual = {"reason": "So.", "recorded_at": due_at}
    return Slot.objects.create(schedule=schedule, due_at=due_at, outcome=outcome, **usual | columns)


def make_table_columns(**columns: Any) -> TableColumns:
    """What somebody wants to see of an experiment's runs."""
    return TableColumns.objects.create(**{"columns": ["metric.loss", "param.lr"]} | columns)


def make_run_star(**columns: Any) -> RunStar:
    """A run that somebody has marked for themselves."""
    return RunStar.objects.create(**columns)


def make_failures_seen(**columns: Any) -> FailuresSeen:
    """What somebody has put away of a project's failed runs."""
    return FailuresSeen.objects.create(**columns)
