"""`--database`: only the tests that ask the database something, for a run on the other one.

Left out of them is what takes long and asks it little else than the rest does: pages in a browser, UNICORE/X, tests
with the mark `any_database`, and what goes through a real MLflow, but for the proofs, of which it tries a smaller
sample (`tests/support/proofs.py`).
"""

from __future__ import annotations

import pytest

from tests.support.proofs import is_proof

_FIXTURES = {"db", "transactional_db", "django_db_setup"}
_ANY = "any_database"
_LEFT_OUT = ("browser", "unicorex", _ANY)
_SLOW = "mlflow_server"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", action="store_true", help="Run only the tests that ask the database something.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{_ANY}: is about something else than its database")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--database"):
        return
    chosen = [item for item in items if _asks_it(item) and not _is_left_out(item)]
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen


def _is_left_out(item: pytest.Item) -> bool:
    if any(map(item.get_closest_marker, _LEFT_OUT)):
        return True
    return _SLOW in getattr(item, "fixturenames", []) and not is_proof(item)


def _asks_it(item: pytest.Item) -> bool:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return item.get_closest_marker("django_db") is not None or not _FIXTURES.isdisjoint(fixtures)
