"""No column of a run is forgotten where runs are stored: each is given a value there, or begins with its default."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from projects.code.stored import StoredCode
from runs.models import Run
from runs.planning.plan import Choices, make_plan
from runs.planning.repeatable import RECIPE
from runs.states import RunState
from runs.submission.adoption import UNREAD
from runs.submission.create import OWN, STAMPED, Order, code_columns, store_runs
from tests.support import factories
from tests.support.world import World

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)

# What workers and members write later. A new column stands here, or in OWN or STAMPED of runs/submission/create.py,
# or in Repeatable.
BEGINS_WITH_ITS_DEFAULT = {
    *("id", "state", "waiting_for", "waiting_since", "outcome", "outcome_line"),
    # Submission.
    *("attempts", "refusals", "lease_token", "lease_until", "posted_at", "was_in_doubt", "job_url", "job_script"),
    *("tree_sha", "code_sha256", "code_size", "code_is_inline", "code_uploaded", "code_missing"),
    *("start_sent_at", "submitting_at", "submitted_at"),
    # Following.
    *("next_poll_at", "poll_failures", "watched_until", "site_status", "batch_system_id", "exit_code", "site_message"),
    *("consumed_seconds", "running_at", "ended_at", "core_hours"),
    *("log_fetched_at", "log_size", "log_tail_from", "log_tail_to", "log_truncated", "log_complete"),
    *("job_expires_at", "job_lengthen_at", "job_lifetime"),
    # Cancelling.
    *("cancel_requested_at", "cancel_requested_by_id", "abort_sent_at"),
    # Tracking.
    *("mlflow_experiment_id", "mlflow_run_id", "tracking_closed", "has_model"),
    # Tracking, from outside: a run that Mantik submits is of its default origin.
    *("origin", "last_logged_at", "tracked_bytes"),
    # Notes.
    *("notes", "tags"),
}


def test_each_column_has_one_place_from_which_a_new_run_gets_it() -> None:
    places = [*OWN, *STAMPED, *RECIPE, *BEGINS_WITH_ITS_DEFAULT]
    assert sorted(places) == sorted(field.attname for field in Run._meta.concrete_fields)


@pytest.mark.django_db
@pytest.mark.parametrize("is_copied", [False, True], ids=["from a plan", "from a row"])
def test_a_new_run_has_what_its_order_says(is_copied: bool) -> None:
    stored = factories.make_run(parameters={"epochs": "3"})
    recipe = stored if is_copied else stored.recipe
    other = factories.make_user("grace")
    order = Order(stored.project, other, "again", recipe, "Once more.", commit_pending=True)

    [key] = store_runs([order], verb="run.added", actor=other, now=NOW)

    made = Run.objects.get(pk=key)
    assert made.recipe == stored.recipe
    assert {name: getattr(made, name) for name in OWN} == {
        "uuid": order.uuid,
        "submission_tag": f"mantik-{order.uuid}",
        "project_id": stored.project_id,
        "created_by_id": other.pk,
        "name": "again",
        "commit_pending": True,
    }
    assert {getattr(made, name) for name in STAMPED} == {NOW}
    assert (made.state, made.attempts, made.code_is_inline) == (RunState.PENDING, 0, True)


# Of what is repeated, what stays as it is when a run takes the newest commit of its branch. A new column of Repeatable
# stands here, or in code_columns of runs/submission/create.py.
STAYS_AT_ANOTHER_COMMIT = {
    *("experiment_id", "code_repository_id", "code_name", "code_url", "code_platform"),
    *("connection_id", "site_name", "compute_budget_account"),
}


# Of what is read with a commit, what was asked for, so that it is known also of a commit that cannot be read.
ASKED_FOR = {"branch", "mlproject_path", "entry_point", "parameters", "backend_config_path"}


@pytest.mark.django_db
def test_each_column_that_is_repeated_is_read_with_the_commit_or_stays(world: World) -> None:
    plan = make_plan(
        Choices(
            code_repository=world.code,
            branch="main",
            mlproject_path="MLproject",
            entry_point="main",
            parameters={"marks": "/tmp/marks"},
            backend_config_path="unicore.yaml",
            connection=world.connection,
        ),
        StoredCode(world.code),
    )
    assert plan.problems == {}
    assert sorted([*code_columns(plan), *STAYS_AT_ANOTHER_COMMIT]) == sorted(RECIPE)
    assert sorted(["commit_sha", *UNREAD, *ASKED_FOR]) == sorted(code_columns(plan))
