"""Cuts a run's time into phases, for the phase bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from mantik.lib.humanize import spoken_duration
from runs.models import Run
from runs.states import RunState


@dataclass(frozen=True)
class Segment:
    """One part of the bar. `start` and `percent` are shares of the bar's width, `tone` is a hue of the tokens."""

    key: str
    label: str
    seconds: float
    tone: str
    start: float
    percent: float
    since: datetime | None = None

    @property
    def words(self) -> str:
        """ "Ran 4 min 12 s"; a phase that took place is never shown as 0 s."""
        length = spoken_duration(timedelta(seconds=self.seconds))
        return f"{self.label} {length}" if self.seconds >= 1 else f"{self.label} under 1\N{NO-BREAK SPACE}s"


_RUNNING_TONES = {
    RunState.RUNNING: "run",
    RunState.FINISHED: "ok",
    RunState.FAILED: "bad",
    RunState.LOST: "bad",
    RunState.CANCELLED: "off",
}
# The least width, so that even a very short phase is visible.
LEAST_PERCENT = 1.5
# An earlier phase that was shorter is left out.
LEAST_SECONDS = 0.5


class _Phase(NamedTuple):
    """A phase before it is drawn to scale. `begun` is when it began, `tone` as in Segment."""

    key: str
    label: str
    begun: datetime
    seconds: float
    tone: str


def phase_segments(run: Run, *, now: datetime) -> list[Segment]:
    """The phases pending, submitting, queued and running, to scale. Each begins when Mantik noticed that it had.

    While the run is running, the rest of its time limit follows.
    """
    end = run.ended_at or now
    spans: list[tuple[str, str, datetime | None, datetime | None, str]] = [
        ("stored", RunState.PENDING.label, None if run.is_local else run.created_at, run.submitting_at, "off"),
        ("submitted", RunState.SUBMITTING.label, run.submitting_at, run.submitted_at, "off"),
        ("queued", "Queued", None if run.was_refused else run.submitted_at, run.running_at, "wait"),
        ("running", "Running" if run.is_active else "Ran", run.running_at, None, _tone(run)),
    ]
    phases = [
        _Phase(key, label, begun, _seconds(begun, until or end, end), tone)
        for key, label, begun, until, tone in spans
        if begun is not None
    ]
    *earlier, latest = phases
    return _to_scale([*(phase for phase in earlier if phase.seconds >= LEAST_SECONDS), latest], _rest(run, end))


def _tone(run: Run) -> str:
    return _RUNNING_TONES.get(run.run_state, "run")


def _seconds(begun: datetime, until: datetime, end: datetime) -> float:
    return max(0.0, (min(until, end) - begun).total_seconds())


def _rest(run: Run, end: datetime) -> float:
    """Seconds left until the time limit, 0 if the run does not run."""
    if run.state != RunState.RUNNING or run.runtime_limit is None or run.running_at is None:
        return 0.0
    return max(0.0, run.runtime_limit.total_seconds() - (end - run.running_at).total_seconds())


def _to_scale(phases: list[_Phase], rest: float) -> list[Segment]:
    total = sum(phase.seconds for phase in phases) + rest or 1.0
    widths = [max(LEAST_PERCENT, 100 * phase.seconds / total) for phase in phases]
    rest_width = max(LEAST_PERCENT, 100 * rest / total) if rest else 0.0
    # Least widths may add up to more than the bar; without a rest it has to be full, even if nothing took any time.
    full = sum(widths) + rest_width
    scale = 100 / full if full > 100 or not rest else 1.0
    segments, start = [], 0.0
    for phase, width in zip(phases, widths, strict=True):
        percent = width * scale
        shares = round(start, 2), round(percent, 2)
        segments.append(Segment(phase.key, phase.label, phase.seconds, phase.tone, *shares, phase.begun))
        start += percent
    if rest:
        segments.append(Segment("rest", "Time limit", rest, "rest", round(start, 2), round(100 - start, 2)))
    return segments
