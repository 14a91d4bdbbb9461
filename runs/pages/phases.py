"""Cuts a run's time into phases, for the phase bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

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


def phase_segments(run: Run, *, now: datetime) -> list[Segment]:
    """The phases pending, submitting, queued and running, to scale. They change when Mantik noticed it.

    While the run is running, the rest of its time limit follows.
    """
    end = run.ended_at or now
    spans = [
        ("stored", RunState.PENDING.label, run.created_at, run.submitting_at, "off"),
        ("submitted", RunState.SUBMITTING.label, run.submitting_at, run.submitted_at, "off"),
        ("queued", "Queued", None if run.was_refused else run.submitted_at, run.running_at, "wait"),
        ("running", "Running" if run.is_active else "Ran", run.running_at, None, _tone(run)),
    ]
    parts = [
        (key, label, begun, _seconds(begun, until or end, end), tone)
        for key, label, begun, until, tone in spans
        if begun is not None
    ]
    return _to_scale([part for part in parts if part[3] >= 0.5 or part[0] == parts[-1][0]], _rest(run, end))


def _tone(run: Run) -> str:
    return _RUNNING_TONES.get(run.run_state, "run")


def _seconds(begun: datetime, until: datetime, end: datetime) -> float:
    return max(0.0, (min(until, end) - begun).total_seconds())


def _rest(run: Run, end: datetime) -> float:
    """Seconds left until the time limit, 0 if the run does not run."""
    if run.state != RunState.RUNNING or run.runtime_limit is None or run.running_at is None:
        return 0.0
    return max(0.0, run.runtime_limit.total_seconds() - (end - run.running_at).total_seconds())


def _to_scale(parts: list[tuple[str, str, datetime, float, str]], rest: float) -> list[Segment]:
    total = sum(part[3] for part in parts) + rest or 1.0
    widths = [max(LEAST_PERCENT, 100 * part[3] / total) for part in parts]
    rest_width = max(LEAST_PERCENT, 100 * rest / total) if rest else 0.0
    shrink = 100 / (sum(widths) + rest_width) if sum(widths) + rest_width > 100 or not rest else 1.0
    segments, start = [], 0.0
    for (key, label, begun, seconds, tone), width in zip(parts, widths, strict=True):
        percent = width * shrink
        segments.append(Segment(key, label, seconds, tone, round(start, 2), round(percent, 2), begun))
        start += percent
    if rest:
        segments.append(Segment("rest", "Time limit", rest, "rest", round(start, 2), round(100 - start, 2)))
    return segments
