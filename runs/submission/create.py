"""The only place that creates runs: one for RUN!, many at once for schedules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID, uuid4

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.services import EventDetails, record_all
from mantik.lib.bulk import Copied, insert_rows
from mantik.lib.queue import send_on_commit
from projects.models import Experiment, Project
from runs.models import Run, RunEvent
from runs.planning.plan import Plan
from runs.planning.repeatable import RECIPE, Repeatable

# The columns of the recipe that the audit event has.
_AUDITED = ("branch", "commit_sha", "entry_point", "site_name", "compute_budget_account")


@dataclass(frozen=True)
class Order:
    """A run to create.

    `recipe` has the columns of Repeatable by name, or is a stored row from which the database copies them. `message` is
    the first event of the run.
    """

    project: Project
    created_by: User
    name: str
    recipe: Mapping[str, Any] | Repeatable
    message: str
    commit_pending: bool = False
    uuid: UUID = field(default_factory=uuid4)


# The columns of a run besides its recipe: OWN gets the value of each from the order, STAMPED are set to the time at
# which the run is stored. Every other column has its default.
OWN: Mapping[str, Callable[[Order], Any]] = {
    "uuid": attrgetter("uuid"),
    "submission_tag": lambda order: f"mantik-{order.uuid}",
    "project_id": attrgetter("project.pk"),
    "created_by_id": attrgetter("created_by.pk"),
    "name": attrgetter("name"),
    "commit_pending": attrgetter("commit_pending"),
}
STAMPED = ("created_at", "next_attempt_at")


def store_runs(orders: Sequence[Order], *, verb: str, actor: User | None, now: datetime) -> list[int]:
    """Store runs with their first events in the current transaction. Returns their primary keys, in the same order.

    The recipes must be alike: all of them mappings, or rows of one model. `verb` is what the audit says that `actor`
    (None: Mantik itself) did. Workers get no message (`send_to_workers_on_commit` sends it). The number of statements
    does not depend on the number of orders. Raises IntegrityError, at the latest at the commit, if something that a run
    refers to has been deleted.
    """
    if not orders:
        return []
    keys = _insert(orders, now)
    first_line = {"at": now, "kind": "state.pending", "actor_id": actor.pk if actor else None}
    rows = [(key, order.message) for key, order in zip(keys, orders, strict=True)]
    insert_rows(RunEvent, rows, columns=("run_id", "message"), shared=first_line)
    record_all(verb, actor=actor, model=Run, events=[_details(order) for order in orders])
    return keys


def send_to_workers_on_commit(keys: Sequence[int]) -> None:
    """Tell the workers of new runs, by primary key, once they are committed: one message, however many there are."""
    if keys:
        send_on_commit("runs.tasks.submit_next")


def recipe_of_plan(
    plan: Plan, *, experiment: Experiment, connection: Connection, compute_budget_account: str
) -> dict[str, Any]:
    """The columns of Repeatable for a plan without problems."""
    assert not plan.problems, "a form with problems is not valid"
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
    """Those columns of Repeatable that depend on the commit, for a plan without problems."""
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


def _insert(orders: Sequence[Order], now: datetime) -> list[int]:
    source = type(orders[0].recipe)
    # The database copies the recipe: it has two long texts, which are the same for every run of a schedule.
    copied = Copied(source, RECIPE) if issubclass(source, Repeatable) else None
    columns = tuple(OWN) if copied else (*OWN, *RECIPE)
    getters = tuple(OWN.values())
    rows = [(*[get(order) for get in getters], *_recipe(order)) for order in orders]
    stamps = dict.fromkeys(STAMPED, now)
    keys = insert_rows(Run, rows, columns=columns, shared=stamps, copied=copied, keyed_by="uuid")
    return [keys[order.uuid] for order in orders]


def _recipe(order: Order) -> tuple[Any, ...]:
    """The values of the recipe's columns, or the key of the row to copy them from."""
    if isinstance(order.recipe, Repeatable):
        return (order.recipe.pk,)
    return tuple(order.recipe[name] for name in RECIPE)


def _details(order: Order) -> EventDetails:
    recipe = order.recipe
    audited = attrgetter(*_AUDITED)(recipe) if isinstance(recipe, Repeatable) else itemgetter(*_AUDITED)(recipe)
    branch, commit, entry_point, site, account = audited
    after = {
        "commit": f"the newest commit of {branch}" if order.commit_pending else commit,
        "entry point": entry_point,
        "site": site,
        "compute budget account": account,
    }
    return EventDetails(uuid=order.uuid, name=order.name, project_uuid=order.project.uuid, after=after)
