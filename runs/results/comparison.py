"""Several runs side by side: which are meant, the context of their page, and the same as CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.http import urlencode

from mantik.lib.answers import WRONG
from mantik.lib.humanize import counted
from mantik.lib.spreadsheets import csv_lines
from projects.models import Project
from runs.models import Run
from runs.results.differences import Row, compare_facts
from runs.results.parallel import parallel
from runs.results.scores import ScoreRow, cost_rows, metric_rows

FEWEST, MOST = 2, 100
# Of more, curves cannot be told apart.
MOST_CURVES = 10
# Rows of results that are seen at once; the others are folded.
_FIRST = 12


class NotComparable(Exception):
    """The message says why these runs are not compared."""

    status = WRONG


class NotThere(NotComparable):
    """Some of them are deleted, or in another project."""

    status = 404


def chosen_runs(project: Project, uuids: Sequence[str], *, most: int = MOST) -> list[Run]:
    """In the order of the address. Raises NotComparable."""
    named = list(dict.fromkeys(_uuid(text) for text in uuids))
    if not FEWEST <= len(named) <= most:
        raise NotComparable(_how_many(len(named), most))
    found = {run.uuid: run for run in Run.objects.filter(project=project, uuid__in=named).select_related(*_WITH)}
    if len(found) < len(named):
        count = counted(len(named) - len(found), "of these runs is", "of these runs are")
        raise NotThere(f"{count} not in this project, or no longer. Untick all in the list of runs, and choose again.")
    for run in found.values():
        run.project = project
    return [found[uuid] for uuid in named]


_WITH = ("experiment", "created_by", "registered_model")


def compare_url(name: str, project: Project, runs: Sequence[Run]) -> str:
    query = urlencode([("run", str(run.uuid)) for run in runs])
    return f"{reverse(f'runs:{name}', args=[project.slug])}?{query}"


def comparison(project: Project, runs: Sequence[Run], *, now: datetime) -> dict[str, Any]:
    """Context of runs/compare.html, of as many runs as there can be curves."""
    rows, scores = compare_facts(runs), metric_rows(runs)
    return {
        "lines": [{"name": run.name, "url": _url(run), "badge": run.badge} for run in runs],
        "different": [row for row in rows if row.differs],
        "alike": [row for row in rows if not row.differs],
        "scores": scores[:_FIRST],
        "more_scores": scores[_FIRST:],
        "costs": cost_rows(runs, now=now),
        **_urls(project, runs, "metrics", "points", "csv", "json"),
    }


def comparison_of_many(project: Project, runs: Sequence[Run]) -> dict[str, Any]:
    """Context of runs/compare_many.html."""
    return parallel(runs) | _urls(project, runs, "csv", "json")


def _urls(project: Project, runs: Sequence[Run], *names: str) -> dict[str, str]:
    return {f"{name}_url": compare_url(f"compare-{name}", project, runs) for name in names}


def comparison_csv(runs: Sequence[Run], *, now: datetime) -> Iterator[str]:
    """All facts and results, a line each and a column for each run."""
    columns = ["group", "name", "differs", *(f"{run.name} ({run.short_id})" for run in runs)]
    facts = (_fact_cells(row) for row in compare_facts(runs))
    scores = (_score_cells(row) for row in [*metric_rows(runs), *cost_rows(runs, now=now)])
    return csv_lines(columns, chain(facts, scores))


def comparison_json(runs: Sequence[Run], *, now: datetime) -> dict[str, Any]:
    return {
        "runs": [{"uuid": str(run.uuid), "name": run.name, "state": run.state, "url": _url(run)} for run in runs],
        "facts": [
            {
                "group": row.name.group,
                "name": row.name.label,
                "differs": row.differs,
                "values": [fact.text if fact else None for fact in row.facts],
            }
            for row in compare_facts(runs)
        ],
        "results": [
            {
                "metric": row.metric or None,
                "what": row.what,
                "values": [score.value if score else None for score in row.scores],
                "best": [place for place, score in enumerate(row.scores) if score and score.is_best],
            }
            for row in [*metric_rows(runs), *cost_rows(runs, now=now)]
        ],
    }


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotComparable(
            f"{text[:60] or 'Nothing'} is not the id of a run. Each run in the address has to be run=ID, with the ID "
            "that stands in the address of its page."
        ) from None


def _how_many(count: int, most: int) -> str:
    if count > most:
        return f"These are {count} runs. Compare {most} at most, because more lines cannot be told apart."
    return f"Choose {FEWEST} to {MOST} runs to compare: tick them in the list of runs."


def _url(run: Run) -> str:
    return reverse("runs:detail", args=[run.project.slug, run.uuid])


def _fact_cells(row: Row) -> list[object]:
    values = (fact.text if fact else "" for fact in row.facts)
    return [row.name.group, row.name.label, "yes" if row.differs else "no", *values]


def _score_cells(row: ScoreRow) -> list[object]:
    return ["Results", row.label, "", *(score.value if score else "" for score in row.scores)]
