"""A great many runs at once, made by PostgreSQL itself: some ten thousand in a second.

They are of several projects, experiments, members, states and names, spread over two years, the last ones still active;
what is rare among them is named, so that somebody can look for it. Only PostgreSQL can make them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Experiment, Membership, Project
from projects.roles import Role
from runs.models import Run, RunEvent
from runs.states import RunState
from tests.support import factories

_PROJECTS = 12
_EXPERIMENTS = 9
_MEMBERS = 20
_OVER = timedelta(days=730)
_ACTIVE = 40
_BATCH = 100_000
# A project that has nothing new: its runs end with the first third of the time.
_OLD_PROJECT = _PROJECTS - 1


@dataclass(frozen=True)
class ManyRuns:
    """What there is to look for. Each `rare_` thing has a few runs in the large project, all of them old."""

    # With six in ten of all runs.
    project: Project
    # With one in fifteen of all runs, none of them new.
    old_project: Project
    # An owner of each project, with many runs.
    member: User
    experiment: Experiment
    rare_experiment: Experiment
    rare_member: User
    rare_name: str = "Überfluss 100%_sure"
    rare_commit: str = "0ddba11"
    common_name: str = "nightly"
    rare_note: str = "erstaunlich gut"
    common_note: str = "without dropout"
    common_tag: str = "team = wind"


def make_many_runs(count: int) -> ManyRuns:
    """`count` runs with an event each. ANALYZE is left to the caller."""
    members = [factories.make_user(f"person{number}") for number in range(_MEMBERS)]
    projects = [factories.make_project(name=f"Project of {number}") for number in range(_PROJECTS)]
    Membership.objects.bulk_create(
        Membership(project=project, user=member, role=Role.RESEARCHER if number else Role.OWNER)
        for project in projects
        for number, member in enumerate(members)
    )
    patterns = [_pattern(project, members) for project in projects]
    first = Run.objects.order_by("-pk").values_list("pk", flat=True)[0]
    with _unhurried_checks():
        for begin in range(0, count, _BATCH):
            _insert(patterns, members, begin, min(begin + _BATCH, count), count)
    _make_rare(patterns[0], members, first)
    return ManyRuns(
        project=projects[0],
        old_project=projects[_OLD_PROJECT],
        member=members[0],
        experiment=patterns[0].experiments[0],
        rare_experiment=patterns[0].experiments[-1],
        rare_member=members[-1],
    )


@dataclass(frozen=True)
class _Pattern:
    """The run of a project that the others are copies of, and the experiments that they are in."""

    run: Run
    experiments: list[Experiment]


def _pattern(project: Project, members: Sequence[User]) -> _Pattern:
    experiments = [factories.make_experiment(project=project, created_by=members[0]) for _ in range(_EXPERIMENTS)]
    run = factories.make_run(
        RunState.FINISHED,
        project=project,
        created_by=members[0],
        experiment=experiments[0],
        connection=factories.make_connection(owner=members[0]),
        # As in life: they began long ago.
        created_at=timezone.now() - _OVER,
    )
    return _Pattern(run, experiments)


# For each number of a run, counted from 0: what its columns are. `n` is the number, `p` the run that is copied.
_COLUMNS = {
    "uuid": "gen_random_uuid()",
    "submission_tag": "'mantik-' || gen_random_uuid()",
    "job_url": "'https://hpc.example.org:8080/SITE/rest/core/jobs/' || gen_random_uuid()",
    "name": "(array['pv-yield nightly', 'cloud mask sweep', 'wind ensemble', 'Größe', 'retrain nightly', 'ablation'])"
    "[1 + n / 3 %% 6] || ' ' || lpad((n %% 9973)::text, 4, '0')",
    "notes": "CASE WHEN n %% 10 = 3 THEN 'Better without dropout, step ' || n %% 997 ELSE '' END",
    "tags": "CASE WHEN n %% 8 = 1 THEN 'team = wind' ELSE '' END",
    "commit_sha": "md5((n / 50)::text) || substr(md5(n::text), 1, 8)",
    "parameters": "jsonb_build_object('epochs', (10 + n %% 90)::text, 'lr', (0.0001 * (1 + n %% 17))::text)",
    "experiment_id": "p.experiments[1 + (sqrt(n %% 64)::int) %% %(experiments)s]",
    "created_by_id": "(%(members)s::bigint[])[1 + (n / 7 * 5) %% %(people)s]",
    "batch_system_id": "(1000000 + n)::text",
    "core_hours": "CASE WHEN n < %(active_from)s THEN (n %% 400) / 100.0 END",
    "state": "CASE WHEN n >= %(active_from)s THEN (array['QUEUED', 'RUNNING', 'RUNNING'])[1 + n %% 3]"
    " WHEN n %% 20 < 2 THEN 'FAILED' WHEN n %% 20 = 2 THEN 'CANCELLED' WHEN n %% 5000 = 4 THEN 'LOST'"
    " ELSE 'FINISHED' END",
    "ended_at": "CASE WHEN n < %(active_from)s THEN t + interval '9 minutes' END",
    "exit_code": "CASE WHEN n %% 20 < 2 THEN 1 ELSE 0 END",
    "created_at": "t",
    "submitting_at": "t + interval '2 seconds'",
    "submitted_at": "t + interval '4 seconds'",
    "posted_at": "t + interval '4 seconds'",
    "start_sent_at": "t + interval '4 seconds'",
    "running_at": "CASE WHEN n < %(active_from)s OR n %% 3 > 0 THEN t + interval '2 minutes' END",
    "log_complete": "n < %(active_from)s",
}
_INSERT = """
WITH pattern AS (
    SELECT runs_run.*, place, experiments FROM runs_run JOIN (
        SELECT * FROM unnest(%(patterns)s::bigint[]) WITH ORDINALITY AS pattern (id, place)
    ) AS places USING (id) JOIN (
        SELECT project_id, array_agg(id ORDER BY id) AS experiments FROM projects_experiment GROUP BY project_id
    ) AS theirs USING (project_id)
)
INSERT INTO runs_run ({columns})
SELECT {values}
FROM (
    SELECT n, %(begin)s::timestamptz + n * %(step)s::interval AS t,
    CASE
        WHEN n %% 10 < 6 THEN 1
        WHEN n %% 10 < 8 AND n < %(third)s THEN %(old)s
        ELSE 2 + (n / 10) %% (%(old)s - 2)
    END AS place
    FROM generate_series(%(first)s, %(last)s) AS n
) AS numbers JOIN pattern AS p USING (place) ORDER BY n
"""

# Of the runs that were made last.
_NEWEST = "(SELECT * FROM runs_run ORDER BY id DESC LIMIT %(end)s - %(first)s) AS run"
_EVENTS = f"""
INSERT INTO runs_runevent (run_id, at, kind, message, actor_id)
SELECT id, created_at, 'state.pending', 'Somebody pressed RUN!', created_by_id FROM {_NEWEST} ORDER BY id
"""
_AUDIT = f"""
INSERT INTO audit_auditevent (
    uuid, happened_at, verb, actor_id, actor_name, target_kind, target_uuid, target_name, project_uuid, before, after,
    request_id
)
SELECT
    gen_random_uuid(), run.created_at, 'run.added', run.created_by_id, 'person', 'run', run.uuid, run.name,
    project.uuid,
    '{{}}', jsonb_build_object('branch', branch, 'commit_sha', commit_sha), md5(run.id::text)
FROM {_NEWEST} JOIN projects_project AS project ON project.id = project_id ORDER BY run.id
"""

_PLAIN_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND schemaname = current_schema()
AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


def _insert(patterns: Sequence[_Pattern], members: Sequence[User], first: int, end: int, count: int) -> None:
    columns = [field.column for field in Run._meta.concrete_fields if field.column and not field.primary_key]
    values = [_COLUMNS.get(column, f'p."{column}"') for column in columns]
    sql = _INSERT.replace("{values}", ", ".join(values)).replace(
        "{columns}", ", ".join(f'"{name}"' for name in columns)
    )
    arguments: dict[str, Any] = {
        "patterns": [pattern.run.pk for pattern in patterns],
        "members": [member.pk for member in members],
        # The last member and the last experiment are rare.
        "people": len(members) - 1,
        "experiments": _EXPERIMENTS - 1,
        "active_from": count - _ACTIVE,
        "third": count // 3,
        "old": _OLD_PROJECT + 1,
        "begin": timezone.now() - _OVER,
        "step": _OVER / count,
        "first": first,
        "last": end - 1,
    }
    with database.cursor() as cursor:
        cursor.execute(sql, arguments)
        for told in (_EVENTS, _AUDIT):
            cursor.execute(told, {"first": first, "end": end})


@contextmanager
def _unhurried_checks() -> Iterator[None]:
    """Indexes are made once, at the end, and what rows refer to is not looked up: that takes a fifth of the time."""
    tables = [model._meta.db_table for model in (Run, RunEvent, AuditEvent)]
    with transaction.atomic(), database.cursor() as cursor:
        # An index cannot be dropped while a check of its table is still to come.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_PLAIN_INDEXES, [tables])
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for _name, definition in indexes:
            cursor.execute(definition)


def _make_rare(pattern: _Pattern, members: Sequence[User], after: int) -> None:
    """A few old runs of the large project get what no other run has."""
    old = Run.objects.filter(project=pattern.run.project, pk__gt=after).order_by("pk")
    keys = list(old.values_list("pk", flat=True)[100:103])
    rare = ManyRuns.__dataclass_fields__
    Run.objects.filter(pk__in=keys).update(
        name=rare["rare_name"].default,
        notes=rare["rare_note"].default,
        commit_sha=f"{rare['rare_commit'].default}{'0' * 33}",
        experiment=pattern.experiments[-1],
        created_by=members[-1],
    )


def analyse() -> None:
    """As autovacuum does before long: what the planner knows, and which pages are all visible."""
    with database.cursor() as cursor:
        cursor.execute("ANALYZE" if database.in_atomic_block else "VACUUM ANALYZE")
