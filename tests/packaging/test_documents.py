"""What the documents for operators and auditors say is so."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from bench.catalogue import BENCHMARKS
from tests.support.places import TOP

APPS = ("connections", "projects", "runs", "schedules", "mantik")


def rows(document: str, heading: str) -> list[list[str]]:
    """Cells of the table below a heading, without its head."""
    section = (TOP / "docs" / document).read_text().split(f"# {heading}\n")[1]
    lines = [line for line in re.split(r"\n#+ ", section)[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@cache
def sentences() -> str:
    """Every text in the code, as users are given it; what is filled in is left out."""
    nodes = (node for app in APPS for path in (TOP / app).rglob("*.py") for node in ast.walk(_parsed(path)))
    return "\n".join(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@pytest.mark.parametrize(
    "words",
    [row[0] for heading in ("When runs wait", "Data of another version") for row in rows("operators.md", heading)],
)
def test_what_a_page_says_in_the_document_is_what_the_product_says(words: str) -> None:
    # "{host}" stands for what is filled in where a sentence is made later.
    said = re.sub(r"\{\w+\}", "…", sentences())
    for part in filter(None, (part.strip() for part in words.split("…"))):
        assert part in said


@pytest.mark.parametrize("document", ["security.md", "operators.md", "architecture.md"])
def test_every_file_of_ours_that_is_named_is_there(document: str) -> None:
    apps = "|".join((*APPS, "tests"))
    named = re.findall(rf"`((?:{apps})/[\w./]*)`", (TOP / "docs" / document).read_text())
    assert [name for name in named if not (TOP / name).exists()] == []


@pytest.mark.parametrize("document", ["security.md", "operators.md"])
def test_every_setting_that_is_named_is_one(document: str) -> None:
    known = set(re.findall(r"^\| `(MANTIK_[A-Z_]+)` \|", (TOP / "docs" / "settings.md").read_text(), re.MULTILINE))
    named = set(re.findall(r"MANTIK_[A-Z_]*[A-Z]", (TOP / "docs" / document).read_text()))
    assert {name for name in named if not name.startswith("MANTIK_X")} <= known


def test_every_heading_that_is_linked_to_is_there() -> None:
    for path in (TOP / "docs").glob("*.md"):
        for target, anchor in re.findall(r"\]\(([\w.-]*)#([\w-]+)\)", path.read_text()):
            headings = re.findall(r"^#+ (.+)$", (path.parent / target if target else path).read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_table_of_named_packages_has_all_of_them_and_names_real_benchmarks() -> None:
    table = rows("architecture.md", "What each named package does here")
    assert [package for package, *_ in table] == [
        *("django", "django-crispy-forms", "celery", "redis", "django-celery-beat", "pyunicore", "mlflow", "gitpython"),
        *("croniter", "pytest-django"),
    ]
    measured = [name for benchmark in BENCHMARKS for name in benchmark.names]
    named = {name for row in table for name in re.findall(r"`([a-z.]+\.)\*`", row[-1])}
    assert named
    assert [name for name in named if not any(one.startswith(name) for one in measured)] == []
