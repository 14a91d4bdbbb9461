"""LIKE and ILIKE, on names that hold what means something in each of the databases' languages."""

from __future__ import annotations

import pytest

import mantik.lib.patterns  # noqa: F401
from projects.models import Experiment, Project
from tests.support.factories import make_experiment

pytestmark = pytest.mark.django_db

NAMES = ["Baseline", "baseline 2", "100 %", "a*b", "a?b", "[a]", r"back\slash", "a_b", "x" * 60 + "y"]


@pytest.mark.parametrize(
    ("lookup", "pattern", "found"),
    [
        ("like", "Base%", {"Baseline"}),
        ("ilike", "BASE%", {"Baseline", "baseline 2"}),
        ("like", "%line%", {"Baseline", "baseline 2"}),
        ("like", "%", set(NAMES)),
        ("like", "", set()),
        ("like", "a_b", {"a*b", "a?b", "a_b"}),
        ("like", "a*b", {"a*b"}),
        ("like", "a?b", {"a?b"}),
        ("like", "[a]", {"[a]"}),
        ("ilike", "[A%", {"[a]"}),
        ("like", r"back\slash", {r"back\slash"}),
        ("ilike", r"BACK\%", {r"back\slash"}),
        ("like", "'; --", set()),
    ],
)
def test_a_pattern_finds(project: Project, lookup: str, pattern: str, found: set[str]) -> None:
    for name in NAMES:
        make_experiment(project=project, name=name)
    names = Experiment.objects.filter(**{f"name__{lookup}": pattern}).values_list("name", flat=True)
    assert set(names) == found


@pytest.mark.timeout(20)
@pytest.mark.parametrize("lookup", ["like", "ilike"])
def test_a_pattern_of_many_parts_is_answered(project: Project, lookup: str) -> None:
    """As a regular expression it takes longer than anybody waits."""
    make_experiment(project=project, name="x" * 80)
    assert not Experiment.objects.filter(**{f"name__{lookup}": "%x" * 100 + "%y"}).exists()
