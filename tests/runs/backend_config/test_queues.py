from __future__ import annotations

from typing import Any

import pytest

from runs.backend_config import ACCOUNT, QueueLimits, check_against_queues
from tests.runs.backend_config.files import parse, resources

SITE: QueueLimits = {
    "batch": {
        "Nodes": "1-4",
        "Runtime": "1-86400",
        "CPUsPerNode": "1-16",
        "TotalCPUs": "1-64",
        "MemoryPerNode": "1048576-68719476736",
        "Project": ["demo", "other"],
    },
    "devel": {"Nodes": "1-1", "Runtime": "1-3600"},
    "large": {"Nodes": "8-512", "Runtime": "1-86400"},
}


def check(limits: QueueLimits = SITE, account: str | None = "demo", **values: Any) -> list[str]:
    problems = check_against_queues(parse(resources(**values)), limits, compute_budget_account=account)
    return [problem.message for problem in problems]


def test_it_has_nothing_to_say_about_what_fits() -> None:
    assert check(Nodes=4, Runtime="1d", CPUsPerNode=16, TotalCPUs=64, MemoryPerNode="64G") == []


@pytest.mark.parametrize("limits", [{}, {"batch": {}}, {"batch": {"Nodes": "many", "Runtime": 7, "Project": "demo"}}])
def test_it_has_nothing_to_say_where_the_site_says_nothing(limits: QueueLimits) -> None:
    assert check(limits, Nodes=1000, Runtime="100d") == []


@pytest.mark.parametrize("limits", [{"batch": None}, {"batch": []}, {"batch": {"Nodes": "1-1e999"}}, {"batch": "1-2"}])
def test_odd_words_of_a_site_do_not_upset_it(limits: Any) -> None:
    assert check(limits, Nodes=1000) == []


@pytest.mark.parametrize(
    ("queue", "sentence"),
    [
        ("Batch", "The site lets you use the queues batch, devel and large, not 'Batch'. Did you mean batch?"),
        ("gpu", "The site lets you use the queues batch, devel and large, not 'gpu'. Change Resources.Queue."),
    ],
)
def test_it_knows_the_queues_of_the_site(queue: str, sentence: str) -> None:
    assert check(Queue=queue) == [sentence]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"Nodes": 12},
            "Nodes is 12, and the queue batch takes 1 to 4. Change Resources.Nodes, or choose another queue: large.",
        ),
        (
            {"Queue": "devel", "Nodes": 2},
            "Nodes is 2, and the queue devel takes 1. Change Resources.Nodes, or choose another queue: batch.",
        ),
        (
            {"Queue": "devel", "Runtime": "2h"},
            "Runtime is 2 h, and the queue devel takes 1 s to 1 h. "
            "Change Resources.Runtime, or choose another queue: batch or large.",
        ),
        (
            {"MemoryPerNode": "65G"},
            "MemoryPerNode is 65 GiB, and the queue batch takes 1 MiB to 64 GiB. "
            "Change Resources.MemoryPerNode, or choose another queue.",
        ),
    ],
)
def test_it_says_what_a_queue_takes_and_which_one_would(values: dict[str, Any], sentence: str) -> None:
    assert check(**values) == [sentence]


@pytest.mark.parametrize("limit", ["1-4", " 1 - 4 ", "1.0-4.0", "1-4:1"])
def test_it_reads_ranges_in_the_ways_that_sites_write_them(limit: str) -> None:
    assert len(check({"batch": {"Nodes": limit}}, Nodes=5)) == 1
    assert check({"batch": {"Nodes": limit}}, Nodes=4) == []


def test_no_gpus_fit_every_queue() -> None:
    assert check({"batch": {"GPUsPerNode": "1-4"}}, GPUsPerNode=0) == []


def test_it_knows_the_accounts_that_a_queue_takes_and_which_one_would() -> None:
    assert check(account="mine") == [
        "The site's queue batch takes demo or other, not 'mine'. For 'mine' choose another queue: devel or large."
    ]
    assert check({"batch": {"Project": ["demo"]}}, account="mine") == ["The site's queue batch takes demo, not 'mine'."]
    assert check(account=None) == []
    assert check(account="mine", Queue="devel") == []


def test_of_very_many_accounts_it_names_some_and_says_how_many_there_are() -> None:
    limits = {"batch": {"Project": [f"acc{number}" for number in range(20)]}}
    [sentence] = check(limits, account="mine")
    assert "takes acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7 or one of 12 more, not 'mine'." in sentence


def test_its_sentences_name_the_site() -> None:
    [problem] = check_against_queues(parse(resources()), SITE, compute_budget_account="mine", site="JUPITER")
    assert problem.message.startswith("JUPITER's queue batch takes demo or other")
    assert problem.key == ACCOUNT


def test_it_tells_everything_at_once() -> None:
    problems = check_against_queues(parse(resources(Nodes=9, Runtime="2d")), SITE, compute_budget_account="mine")
    assert [problem.key for problem in problems] == ["Resources.Nodes", "Resources.Runtime", "compute_budget_account"]
