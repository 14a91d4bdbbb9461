"""In what runs differ: parameters, code, configuration, environment and resources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runs.models import Run
from runs.results.facts import GROUPS, Fact, Name, facts_of


@dataclass(frozen=True)
class Row:
    """A fact of each run, in their order; None where a run has none."""

    name: Name
    facts: tuple[Fact | None, ...]

    @property
    def differs(self) -> bool:
        return len({fact.text if fact else None for fact in self.facts}) > 1


def compare_facts(runs: Sequence[Run]) -> list[Row]:
    """All facts of the runs, those alike, too."""
    found = facts_of(runs)
    names = dict.fromkeys(name for facts in found for name in facts)
    rows = [Row(name, tuple(facts.get(name) for facts in found)) for name in names]
    return sorted(rows, key=lambda row: GROUPS.index(row.name.group))


def alike(rows: Sequence[Row]) -> list[str]:
    """The groups in which nothing differs."""
    groups = dict.fromkeys(row.name.group for row in rows)
    return [group for group in groups if not any(row.differs for row in rows if row.name.group == group)]
