"""Where MLflow's addresses stand in our code, compared with the list in docs/architecture.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from connections.mlflow import paths
from tests.packaging.test_documents import rows
from tests.support.places import TOP

PRODUCT = ("connections", "mantik", "projects", "runs", "schedules")
# Of MLflow's REST API, of what its own pages ask, and of the files that it hands out.
ADDRESS = re.compile(r"api/\d\.\d/mlflow|mlflow-artifacts|get-artifact|^/health$")


def table(heading: str) -> dict[str, str]:
    """First and last cell of each row."""
    return {cells[0].strip("`"): cells[-1] for cells in rows("architecture.md", heading)}


def addresses() -> set[str]:
    return {
        value
        for name, value in vars(paths).items()
        if name.isupper() and not name.startswith("_") and value.startswith("/")
    }


def strings(path: Path) -> Iterator[str]:
    """All but docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def places_of_addresses() -> set[str]:
    files = (path for app in PRODUCT for path in (TOP / app).rglob("*.py"))
    return {str(path.relative_to(TOP)) for path in files if any(map(ADDRESS.search, strings(path)))}


def test_each_address_that_mantik_asks_is_listed_with_its_reason() -> None:
    listed = table("What is asked without MLflow's client")
    assert set(listed) == addresses()
    assert all(listed.values())


def test_every_other_file_with_mlflows_addresses_is_listed_with_its_reason() -> None:
    listed = table("Where else MLflow's addresses stand")
    assert set(listed) == places_of_addresses() - {"connections/mlflow/paths.py"}
    assert all(listed.values())


def test_an_address_would_be_found(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text('"""/api/2.0/mlflow/a"""\nCALL = f"{uri}/ajax-api/2.0/mlflow/runs/search"\n')
    assert [text for text in strings(code) if ADDRESS.search(text)] == ["/ajax-api/2.0/mlflow/runs/search"]
