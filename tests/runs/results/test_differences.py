"""In what runs differ."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from runs.models import Run
from runs.results.differences import alike, compare_facts
from runs.results.facts import GROUPS
from runs.states import RunState
from runs.tracking.summaries.texts import take_in_params
from tests.support import factories
from tests.support.factories import BACKEND_CONFIG

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    return factories.make_run(RunState.FINISHED, parameters={"lr": 0.001, "epochs": 40})


def like(run: Run, **columns: Any) -> Run:
    same = {
        name: getattr(run, name) for name in ("project", "created_by", "experiment", "code_repository", "connection")
    }
    return factories.make_run(RunState.FINISHED, **(run.recipe | same | columns))


def different(*runs: Run) -> dict[str, list[str | None]]:
    return {
        f"{row.name.group}: {row.name.label}": [fact.shown if fact else None for fact in row.facts]
        for row in compare_facts(runs)
        if row.differs
    }


def test_runs_that_are_alike_differ_in_nothing(run: Run) -> None:
    rows = compare_facts([run, like(run)])
    assert [row for row in rows if row.differs] == []
    assert alike(rows) == list(GROUPS)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"parameters": {"lr": 0.01, "epochs": 40}}, {"Parameters: lr": ["0.001", "0.01"]}),
        ({"parameters": {"lr": 0.001}}, {"Parameters: epochs": ["40", None]}),
        ({"commit_sha": "b" * 40}, {"Code: Commit": ["a41f9c2", "bbbbbbb"]}),
        ({"entry_point": "test"}, {"Code: Entry point": ["train", "test"]}),
        ({"nodes": 8}, {"Resources: Nodes": ["4", "8"]}),
        ({"runtime_limit": timedelta(hours=2)}, {"Resources: Time limit": ["30\xa0min", "2\xa0h"]}),
        ({"compute_budget_account": "other"}, {"Resources: Compute budget account": ["demo", "other"]}),
        (
            {"backend_config_content": BACKEND_CONFIG.replace("CUDA/12", "CUDA/13")},
            {"Environment: Modules": ["CUDA/12, Python/3.11", "CUDA/13, Python/3.11"]},
        ),
        (
            {"backend_config_content": BACKEND_CONFIG + "  MemoryPerNode: 64G\nTracking:\n  Relay: false\n"},
            {"Resources: MemoryPerNode": [None, "64G"], "Configuration: Tracking.Relay": [None, "False"]},
        ),
    ],
)
def test_a_difference_is_found(run: Run, columns: dict[str, Any], expected: dict[str, Any]) -> None:
    run = like(run, compute_budget_account="demo", nodes=4, runtime_limit=timedelta(minutes=30))
    assert different(run, like(run, **columns)) == expected


def test_a_config_that_can_no_longer_be_read_is_compared_as_text(run: Run) -> None:
    found = different(run, like(run, backend_config_content="a: [b"))
    assert found["Configuration: Its text"] == [None, "a: [b"]


def test_what_a_training_logged_counts_unless_it_was_typed(run: Run) -> None:
    other = factories.make_local_run(project=run.project, experiment=run.experiment)
    with transaction.atomic():
        take_in_params(run, {"": {"lr": "0.001", "epochs": "41", "optimizer": "adam"}, "1" * 32: {"child": "1"}})
        take_in_params(other, {"": {"lr": "0.01"}})

    found = {name: values for name, values in different(run, other).items() if name.startswith("Parameters")}

    assert found == {
        "Parameters: lr": ["0.001", "0.01"],
        "Parameters: epochs": ["40", None],
        "Parameters: epochs, as logged": ["41", None],
        "Parameters: optimizer": ["adam", None],
    }


def test_a_commit_links_to_its_page(run: Run) -> None:
    run = like(run, code_url="https://github.com/group/code.git", code_platform="github")
    (commit,) = [row for row in compare_facts([run]) if row.name.label == "Commit"]
    assert commit.facts[0]
    assert commit.facts[0].url == f"https://github.com/group/code/commit/{run.commit_sha}"


def test_the_number_of_queries_does_not_grow_with_the_runs(run: Run, django_assert_num_queries: Any) -> None:
    runs = list(
        Run.objects.filter(pk__in=[run.pk, *(like(run).pk for _ in range(3))]).select_related(
            "experiment", "created_by", "registered_model"
        )
    )
    with django_assert_num_queries(1):
        compare_facts(runs)
