"""Runs of which there are more than curves can be told apart: each is one line over its params and results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.urls import reverse

from mantik.lib.humanize import measure
from runs.models import MetricSummary, Run
from runs.results.facts import parameters_of
from runs.results.metric_order import leading, more_is_better
from runs.results.scale import Scale
from runs.results.scores import directions

# The size of the drawing, in units of its viewBox, and what is free around the axes for their labels.
WIDTH, HEIGHT, _SIDE, _TOP, _FOOT = 1000, 340, 70, 34, 14
_MOST_PARAMS, _MOST_METRICS = 6, 2
# Texts that an axis has room for.
_MOST_TEXTS = 12
# The lines are told apart by how good they are, in so many shades; 0 is the best.
_SHADES = 5
Value = float | str
Values = Sequence[Value | None]


@dataclass(frozen=True)
class Axis:
    """`x` and the heights of `marks`, [(y, text)], are places in the drawing."""

    label: str
    note: str
    x: str
    marks: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Line:
    """`parts`: the points of each part without a gap, which is where it has no value. `shown`: the values in words."""

    name: str
    url: str
    parts: Sequence[str]
    shade: int
    shown: Sequence[str]


@dataclass(frozen=True)
class _Places:
    place_of: Callable[[Value], float]
    marks: Sequence[tuple[float, str]]
    note: str = ""


def parallel(runs: Sequence[Run]) -> dict[str, Any]:
    """Context of runs/compare_many.html; the best runs first."""
    columns = _param_columns(runs)
    left_out = len(columns) - _MOST_PARAMS
    results = _result_columns(runs)
    chosen = dict(sorted(columns.items(), key=lambda column: -len(set(column[1])))[:_MOST_PARAMS]) | results
    ranked = _ranked(results, directions(runs))
    lines = _lines(runs, chosen, ranked)
    return {
        "axes": _axes(chosen),
        # The best is drawn last, above the others.
        "drawn": sorted(lines, key=lambda line: -line.shade),
        "lines": [lines[place] for place in ranked] if ranked else lines,
        "labels": list(chosen),
        "ranked_by": next(iter(results), ""),
        "left_out": max(0, left_out),
    }


def _param_columns(runs: Sequence[Run]) -> dict[str, Values]:
    """Params in which the runs differ, in as few texts as an axis has room for, or in numbers."""
    found = parameters_of(runs)
    names = sorted({name for params in found for name in params})
    columns = {name: _values([params.get(name) for params in found]) for name in names}
    return {name: values for name, values in columns.items() if len(set(values) - {None}) > 1 and _fits(values)}


def _values(texts: Sequence[str | None]) -> Values:
    """Numbers, if all that there are is finite numbers."""
    try:
        numbers = [None if text is None else float(text) for text in texts]
    except ValueError:
        return texts
    return numbers if all(number is None or isfinite(number) for number in numbers) else texts


def _fits(values: Values) -> bool:
    return len({value for value in values if isinstance(value, str)}) <= _MOST_TEXTS


def _result_columns(runs: Sequence[Run]) -> dict[str, Values]:
    """The pinned metric of their experiments, and those that tell most of the rest; of what is not finite no value."""
    rows = MetricSummary.objects.filter(run__in=runs, owner="", last__isnull=False)
    found: dict[str, dict[int, float]] = {}
    for run, key, last in rows.values_list("run", "name__key", "last"):
        if last is not None and isfinite(last):
            found.setdefault(key, {})[run] = last
    pinned = [key for key in dict.fromkeys(run.experiment.pinned_metric for run in runs) if key in found]
    keys = list(dict.fromkeys([*pinned, *leading(found, _MOST_METRICS)]))[:_MOST_METRICS]
    return {key: [found[key].get(run.pk) for run in runs] for key in keys}


def _ranked(results: dict[str, Values], pinned: Mapping[str, bool | None]) -> list[int]:
    """The places of the runs, the best of the first result first, those without one last; [] without results."""
    for key, values in results.items():
        sign = 1 if pinned.get(key, more_is_better(key)) is False else -1
        return sorted(range(len(values)), key=lambda place: _rank(values[place], sign))
    return []


def _rank(value: Value | None, sign: int) -> tuple[bool, float]:
    return (False, sign * value) if isinstance(value, float) else (True, 0.0)


def _axes(columns: dict[str, Values]) -> list[Axis]:
    scales = {label: _places(values) for label, values in columns.items()}
    return [
        Axis(label, scale.note, _x(at, len(scales)), [(_y(place), text) for place, text in scale.marks])
        for at, (label, scale) in enumerate(scales.items())
    ]


def _lines(runs: Sequence[Run], columns: dict[str, Values], ranked: Sequence[int]) -> list[Line]:
    scales = [_places(values) for values in columns.values()]
    shade_of = {place: rank * _SHADES // len(ranked) for rank, place in enumerate(ranked)}
    # Resolving an address takes longer than all else that a line needs.
    runs_url = reverse("runs:list", args=[runs[0].project.slug])
    return [
        Line(
            name=run.name,
            url=f"{runs_url}{run.uuid}/",
            parts=_parts([values[place] for values in columns.values()], scales),
            shade=shade_of.get(place, _SHADES - 1),
            shown=[_shown(values[place]) for values in columns.values()],
        )
        for place, run in enumerate(runs)
    ]


def _parts(values: Values, scales: Sequence[_Places]) -> list[str]:
    parts: list[list[str]] = [[]]
    for at, (value, scale) in enumerate(zip(values, scales, strict=True)):
        if value is None:
            parts.append([])
        else:
            parts[-1].append(f"{_x(at, len(scales))},{_y(scale.place_of(value))}")
    return [" ".join(part) for part in parts if len(part) > 1]


def _places(values: Values) -> _Places:
    """Where values are on an axis, from 0 at its foot to 1 at its head, and what is written there."""
    numbers = [value for value in values if isinstance(value, float)]
    return _of_numbers(numbers) if numbers else _of_texts(sorted({value for value in values if isinstance(value, str)}))


def _of_numbers(numbers: Sequence[float]) -> _Places:
    scale = Scale(numbers)
    ends = dict.fromkeys((scale.least, scale.most))
    marks = [(scale.place(end), measure(end)) for end in ends]
    return _Places(lambda value: scale.place(float(value)), marks, "logarithmic" if scale.is_log else "")


def _of_texts(texts: Sequence[str]) -> _Places:
    places = {text: at / (len(texts) - 1) if len(texts) > 1 else 0.5 for at, text in enumerate(texts)}
    return _Places(lambda value: places[str(value)], [(place, text) for text, place in places.items()])


def _x(at: int, count: int) -> str:
    return f"{_SIDE + (WIDTH - 2 * _SIDE) * (at / (count - 1) if count > 1 else 0.5):.1f}"


def _y(place: float) -> str:
    return f"{HEIGHT - _FOOT - (HEIGHT - _TOP - _FOOT) * place:.1f}"


def _shown(value: Value | None) -> str:
    return "" if value is None else measure(value) if isinstance(value, float) else value
