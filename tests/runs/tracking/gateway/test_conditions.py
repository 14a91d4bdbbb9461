"""Filters of searches that Mantik answers from its own rows."""

from __future__ import annotations

import pytest

from runs.tracking.gateway.conditions import Condition, conditions


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", []),
        ("  ", []),
        ("name = 'a'", [Condition("name", "=", "a")]),
        ('name="it\'s"', [Condition("name", "=", "it's")]),
        ("attributes.name ilike 'a%'", [Condition("name", "ILIKE", "a%")]),
        ("attr.name like 'a%'", [Condition("name", "LIKE", "a%")]),
        ("`name` = 'a and b'", [Condition("name", "=", "a and b")]),
        (
            "name = 'a' AND tag.`mlflow.prompt.is_prompt` != 'true'",
            [Condition("name", "=", "a"), Condition("tag.mlflow.prompt.is_prompt", "!=", "true")],
        ),
        (
            "tags.mlflow.user = 'eva'and run_id='1'",
            [Condition("tag.mlflow.user", "=", "eva"), Condition("run_id", "=", "1")],
        ),
    ],
)
def test_a_filter_is_read(written: str, read: list[Condition]) -> None:
    assert conditions(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "name",
        "name = a",
        "name = 'a' OR name = 'b'",
        "name = 'a' AND",
        "AND name = 'a'",
        "name = 'a' name = 'b'",
        "name = 'a' ANDname = 'b'",
        "name > 'a'",
        "name LIKELY 'a'",
        "name = 'a",
        "metrics.loss < 1",
    ],
)
def test_what_cannot_be_read_is_no_filter(written: str) -> None:
    assert conditions(written) is None


@pytest.mark.timeout(20)
def test_a_long_filter_is_read_at_once() -> None:
    assert len(conditions(" AND ".join(["name = 'a'"] * 5_000)) or ()) == 5_000
    assert conditions("name" + " " * 50_000) is None
