from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.job import node_facts
from tests.support.examples import examples

KNOWN = {
    "hostname": "node7",
    "os": "Rocky Linux 9",
    "platform": "Linux 5.14 x86_64",
    "python_version": "3.12.1",
    "python_executable": "/usr/bin/python",
    "cpu_cores": 96,
    "memory_gb": 503,
    "gpus": ["A100, 40960 MiB, 535.1"],
}


def log_with(facts: object) -> str:
    return f"hello\n[mantik] env {json.dumps(facts)}\nmore\n"


def test_it_reads_the_facts_about_the_node() -> None:
    assert node_facts(log_with(KNOWN)) == KNOWN


def test_it_knows_nothing_before_the_script_has_told() -> None:
    assert node_facts("") is None
    assert node_facts("[mantik] run 1\n[mantik] environment {}\n") is None


def test_it_leaves_out_what_the_node_did_not_know() -> None:
    told = '{"hostname": "node7", "os": "", "cpu_cores": null, "gpus": []}'
    assert node_facts(f"[mantik] env {told}\n") == {"hostname": "node7"}


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"x"', "[" * 100_000, '{"a": 1e999}', "{'a': 1}"])
def test_it_is_not_upset_by_what_is_no_fact(text: str) -> None:
    assert node_facts(f"[mantik] env {text}\n") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hostname", "a\0b"),
        ("hostname", "\ud800"),
        ("hostname", "x" * 501),
        ("hostname", {"a": 1}),
        ("cpu_cores", float("nan")),
        ("cpu_cores", True),
        ("cpu_cores", -1),
        ("cpu_cores", 10**30),
        ("gpus", "A100"),
        ("gpus", [1, None, {}]),
        ("anything", "else"),
    ],
)
def test_it_lets_nothing_through_that_a_database_or_a_page_cannot_take(name: str, value: Any) -> None:
    assert node_facts(log_with({name: value, "os": "Linux"})) == {"os": "Linux"}


def test_it_names_only_so_many_gpus() -> None:
    facts = node_facts(log_with({"gpus": ["A100"] * 1000}))
    assert facts
    assert len(facts["gpus"]) == 64


@examples(50, 2000)
@given(st.text(max_size=100))
def test_no_log_upsets_it(text: str) -> None:
    assert node_facts(f"[mantik] env {text}") is None or "{" in text
