"""The states of a run, how each looks, and which moves are allowed."""

from dataclasses import dataclass

from django.db import models


@dataclass(frozen=True)
class Badge:
    """How a state looks: its word, a hue of the design tokens, an icon of the sprite."""

    label: str
    hue: str
    icon: str
    pulses: bool = False


class RunState(models.TextChoices):
    PENDING = "PENDING", "Pending"
    SUBMITTING = "SUBMITTING", "Submitting"
    QUEUED = "QUEUED", "Queued"
    RUNNING = "RUNNING", "Running"
    FINISHED = "FINISHED", "Finished"
    FAILED = "FAILED", "Failed"
    CANCELLED = "CANCELLED", "Cancelled"
    LOST = "LOST", "Lost"

    @property
    def badge(self) -> Badge:
        return _BADGES[self]

    @property
    def is_terminal(self) -> bool:
        return self in TERMINAL


# Waiting for a worker, or in a worker's hands, with no started job at the site.
BEFORE_START = (RunState.PENDING, RunState.SUBMITTING)
# A job was started for it; the site is asked about it.
AT_SITE = (RunState.QUEUED, RunState.RUNNING)
ACTIVE = BEFORE_START + AT_SITE
TERMINAL = (RunState.FINISHED, RunState.FAILED, RunState.CANCELLED, RunState.LOST)
# Of these, what counts as a failure, in lists as in schedules.
FAILURES = (RunState.FAILED, RunState.LOST)
# What lists are filtered by, each state in one of them. Each has an index: another grouping takes a migration.
STATE_GROUPS = {
    "active": ACTIVE,
    "finished": (RunState.FINISHED,),
    "failed": FAILURES,
    "cancelled": (RunState.CANCELLED,),
}

_BADGES = {
    RunState.PENDING: Badge("Pending", "wait", "pause-circle"),
    RunState.SUBMITTING: Badge("Submitting", "wait", "arrow-up-circle"),
    RunState.QUEUED: Badge("Queued", "wait", "hourglass-split"),
    RunState.RUNNING: Badge("Running", "run", "play-circle-fill", pulses=True),
    RunState.FINISHED: Badge("Finished", "ok", "check-circle-fill"),
    RunState.FAILED: Badge("Failed", "bad", "x-circle-fill"),
    RunState.CANCELLED: Badge("Cancelled", "off", "slash-circle"),
    RunState.LOST: Badge("Lost", "bad", "question-circle-fill"),
}

# A run may skip states (a short job is over before anybody looks), but never goes back, and never
# leaves a terminal state.
MOVES: dict[RunState, tuple[RunState, ...]] = {
    RunState.PENDING: (RunState.SUBMITTING, RunState.FAILED, RunState.CANCELLED),
    RunState.SUBMITTING: (RunState.QUEUED, RunState.FAILED, RunState.CANCELLED, RunState.LOST),
    RunState.QUEUED: (RunState.RUNNING, *TERMINAL),
    RunState.RUNNING: TERMINAL,
    **dict.fromkeys(TERMINAL, ()),
}
