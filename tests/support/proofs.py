"""Proofs: promises that hold only if they hold every time, so that they are tried many times.

`make test` tries a sample; `make prove` (`pytest --prove`) runs nothing but the proofs, whole, and says at its end what
came of them. How large both are stands where they are tried, as `trials(sample, whole)`, or `sample` of cases that are
listed one by one. What makes a test a proof is that it tells, with `proved`, what came of its trials; or the mark
`proof`, whose numbers are fixed in advance, as those of `tests/support/examples.py` have it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")
Proved = Callable[..., None]
_PROPERTY = "proved"
_MARK = "proof"


class _Scale:
    """Set in pytest_configure: test modules call `trials()` while they are imported."""

    is_whole = False
    # How many times thinner than usual samples of cases are.
    thinner = 1


def trials(sample: int, whole: int) -> int:
    """How often something is tried now."""
    return whole if _Scale.is_whole else sample


def sample(cases: Sequence[T], *, one_in: int) -> Sequence[T]:
    """Of cases in a row one in so many, with the first and the last; in a proof all.

    Where the cases are each of these with each of those, `one_in` must have no divisor in common with how many those
    are: otherwise it is always the same one of them.

    With `--database`, which tries once more on the other database, one in three times as many.
    """
    return cases if _Scale.is_whole else [*cases[: -1 : one_in * _Scale.thinner], cases[-1]]


@pytest.fixture
def proved(record_property: Callable[[str, object], None]) -> Proved:
    """`proved(kills=20, runs=12, doubled=0, lost=0)`: what came of trials, told before it is asserted."""

    def tell(**numbers: int) -> None:
        record_property(_PROPERTY, numbers)

    return tell


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="Run the proofs, each of them whole, and nothing else.")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{_MARK}(**numbers): is a proof, of so many trials")
    _Scale.is_whole = config.getoption("--prove")
    _Scale.thinner = 3 if config.getoption("--database") else 1
    if _Scale.is_whole:
        config.pluginmanager.register(_Report(), "mantik-proofs")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--prove"):
        # They take longest. Begun at the end, one of them would be waited for by processes with nothing left to do.
        items.sort(key=lambda item: not is_proof(item))
        return
    chosen = [item for item in items if is_proof(item)]
    kept = set(chosen)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen


def is_proof(item: pytest.Item) -> bool:
    return "proved" in getattr(item, "fixturenames", []) or item.get_closest_marker(_MARK) is not None


def pytest_runtest_setup(item: pytest.Item) -> None:
    if mark := item.get_closest_marker(_MARK):
        item.user_properties.append((_PROPERTY, mark.kwargs))


class _Report:
    """What was told, in whichever process, added up by test."""

    def __init__(self) -> None:
        self._numbers: dict[str, Counter[str]] = defaultdict(Counter)
        self._seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = [numbers for name, numbers in report.user_properties if name == _PROPERTY]
        if report.when != "call" or not told:
            return
        test = report.nodeid.partition("[")[0]
        self._seconds[test] += report.duration
        for numbers in told:
            assert isinstance(numbers, dict)
            self._numbers[test].update(numbers)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("proofs")
        for line in self._table():
            terminalreporter.write_line(line)

    def _table(self) -> Iterator[str]:
        """As docs/benchmarks.md has it."""
        yield "| proof | what came of it | seconds |"
        yield "|---|---|---|"
        for test, numbers in sorted(self._numbers.items()):
            path, _, name = test.partition("::")
            words = name.removeprefix("test_").replace("_", " ")
            told = ", ".join(f"{number:,} {what.replace('_', ' ')}" for what, number in numbers.items())
            yield f"| {words} (`{path}`) | {told} | {self._seconds[test]:,.0f} |"
