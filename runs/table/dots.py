"""A chart with a dot for each run, as points of an SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse

from mantik.lib.filters import LinkMenu
from projects.models import Project
from runs.models import Run
from runs.results.scale import Scale
from runs.states import FAILURES, RunState

# The size of the drawing, in units of its viewBox, and what is left free around the points.
WIDTH, HEIGHT, _MARGIN = 430, 112, 8


@dataclass(frozen=True)
class Dot:
    x: str
    y: str
    tone: str
    title: str
    url: str


@dataclass(frozen=True)
class Chart:
    """`line`: the height of the best, "" without one. `left`, `right`: what stands below. `summary`: in words.

    `menu`: what else may be drawn.
    """

    title: str
    note: str
    dots: Sequence[Dot]
    summary: str
    line: str = ""
    best: str = ""
    left: str = ""
    right: str = ""
    menu: LinkMenu | None = None


@dataclass(frozen=True)
class Point:
    """`shown`: the value for people. `at`: its place from left to right."""

    run: Run
    value: float
    at: float
    shown: str


def dots_of(project: Project, points: Sequence[Point], across: Scale, *, best: float | None = None) -> list[Dot]:
    xs = _scaled(across, (point.at for point in points), WIDTH, turned=False)
    # Resolving an address takes longer than all else that a dot needs.
    runs_url = reverse("runs:list", args=[project.slug])
    return [
        Dot(
            x,
            y,
            "best" if point.value == best else _tone(point.run),
            f"{point.run.name}: {point.shown}",
            f"{runs_url}{point.run.uuid}/",
        )
        for point, x, y in zip(points, xs, heights(points), strict=True)
    ]


def heights(points: Sequence[Point]) -> list[str]:
    values = [point.value for point in points]
    return _scaled(Scale(values, linear=True), values, HEIGHT, turned=True)


def range_of(points: Iterable[Point]) -> str:
    """ "from 0.1 to 0.9"."""
    ordered = sorted(points, key=lambda point: point.value)
    return f"from {ordered[0].shown} to {ordered[-1].shown}"


def _tone(run: Run) -> str:
    if run.run_state in FAILURES:
        return "bad"
    return "run" if run.is_active else "off" if run.state == RunState.CANCELLED else "ok"


def _scaled(scale: Scale, numbers: Iterable[float], size: int, *, turned: bool) -> list[str]:
    """Places between the margins; `turned`: the greatest number is at 0, as an SVG counts from the top."""
    room = size - 2 * _MARGIN
    shares = map(scale.place, numbers)
    return [f"{_MARGIN + room * (1 - share if turned else share):.1f}" for share in shares]
