"""The one way in which a run comes to be: for RUN!, and for schedules, many at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.audit.services import event_of
from mantik.lib.queue import send_on_commit
from projects.models import Experiment, Project
from runs.models import Run, RunEvent
from runs.plans import Plan


@dataclass(frozen=True)
class Order:
    """A run that is wanted. `recipe` has the columns of Repeatable, by the names they are stored under.

    `message` is the first line of its life, `verb` what the audit says that `actor` (None: Mantik itself) did.
    """

    project: Project
    created_by: User
    name: str
    recipe: Mapping[str, Any]
    message: str
    verb: str
    actor: User | None
    commit_pending: bool = False
    uuid: uuid.UUID = field(default_factory=uuid.uuid4)


def store_runs(orders: Sequence[Order], *, now: datetime) -> list[Run]:
    """The runs, in the order of `orders`, with their first events, in the current transaction. Sends nothing.

    A number of statements that does not depend on how many there are. Raises IntegrityError, at the latest at the
    commit, if something that one refers to has been deleted.
    """
    runs = Run.objects.bulk_create([_run(order, now) for order in orders])
    RunEvent.objects.bulk_create(
        RunEvent(run=run, at=now, kind="state.pending", message=order.message, actor=order.actor)
        for run, order in zip(runs, orders, strict=True)
    )
    AuditEvent.objects.bulk_create(_audited(run, order) for run, order in zip(runs, orders, strict=True))
    return runs


def hand_over_on_commit(runs: Iterable[Run]) -> None:
    """Tell the workers of new runs once they are committed: one message, however many there are."""
    from runs.tasks import submit_run, submit_runs

    ids = [run.pk for run in runs]
    if len(ids) == 1:
        send_on_commit(submit_run, run_id=ids[0])
    elif ids:
        send_on_commit(submit_runs, run_ids=ids)


def recipe_of_plan(
    plan: Plan, *, experiment: Experiment, connection: Connection, compute_budget_account: str
) -> dict[str, Any]:
    """The columns of Repeatable for a plan without problems."""
    assert not plan.problems, "the form has seen to it"
    assert connection.site and plan.choices.code_repository  # noqa: PT018 - one thought: the plan is whole
    code = plan.choices.code_repository
    return code_columns(plan) | {
        "experiment_id": experiment.pk,
        "code_repository_id": code.pk,
        "code_name": code.name,
        "code_url": code.url,
        "code_platform": code.platform,
        "connection_id": connection.pk,
        "site_name": connection.site.name,
        "compute_budget_account": compute_budget_account,
    }


def code_columns(plan: Plan) -> dict[str, Any]:
    """What of a plan without problems depends on the commit."""
    assert plan.commit and plan.config and plan.entry_point  # noqa: PT018 - one thought: the plan is whole
    resources = plan.config.resources
    return {
        "branch": plan.branch,
        "commit_sha": plan.commit.sha,
        "commit_subject": plan.commit.subject[:200],
        "commit_author": plan.commit.author[:120],
        "committed_at": plan.commit.committed_at,
        "mlproject_path": plan.mlproject_path,
        "mlproject_content": plan.mlproject_content,
        "entry_point": plan.entry_point.name,
        "parameters": plan.parameters,
        "backend_config_path": plan.choices.backend_config_path,
        "backend_config_content": plan.config_content,
        "queue": resources.queue,
        "nodes": resources.nodes,
        "cpus_per_node": resources.cpus_per_node,
        "cpus": resources.cpus_at_most,
        "runtime_limit": resources.runtime,
    }


def _run(order: Order, now: datetime) -> Run:
    return Run(
        uuid=order.uuid,
        submission_tag=f"mantik-{order.uuid}",
        project=order.project,
        created_by=order.created_by,
        created_at=now,
        next_attempt_at=now,
        name=order.name,
        commit_pending=order.commit_pending,
        **order.recipe,
    )


def _audited(run: Run, order: Order) -> AuditEvent:
    after = {
        "commit": f"the newest of {run.branch}" if run.commit_pending else run.commit_sha,
        "entry point": run.entry_point,
        "site": run.site_name,
        "compute budget account": run.compute_budget_account,
    }
    return event_of(order.verb, actor=order.actor, target=run, project=order.project, after=after)
