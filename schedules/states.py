"""What a schedule may be, what may become of a slot, and the policies that a member chooses from."""

from __future__ import annotations

from django.db import models

from runs.states import Badge


class ScheduleState(models.TextChoices):
    ENABLED = "enabled", "Enabled"
    PAUSED = "paused", "Paused"
    # No instant is left: the end date has passed, or the last one before it.
    ENDED = "ended", "Ended"

    @property
    def badge(self) -> Badge:
        return _STATE_BADGES[self]


class Outcome(models.TextChoices):
    """What became of a slot."""

    FIRED = "fired", "Fired"
    # By the schedule's own rules: the run before was still active, or the day had enough runs.
    SKIPPED = "skipped", "Skipped"
    # Nobody was there at the instant, and the rules did not let it be made up for.
    MISSED = "missed", "Missed"
    # It was due while the schedule was paused.
    HELD = "held", "Held"
    # The rights, the connection or the code were not there any more.
    REFUSED = "refused", "Refused"

    @property
    def badge(self) -> Badge:
        return _OUTCOME_BADGES[self]


class CodePolicy(models.TextChoices):
    SAME_COMMIT = "same", "The same commit as the run"
    NEWEST = "newest", "The newest commit of the branch"


class Overlap(models.TextChoices):
    """When an instant comes while a run of the schedule is still active."""

    ALLOW = "allow", "Start another run beside it"
    SKIP = "skip", "Skip the instant"
    CANCEL = "cancel", "Cancel the run that is still active"


class CatchUp(models.TextChoices):
    """What becomes of instants that came while Mantik was down, or while the schedule was paused."""

    SKIP = "skip", "Run none of them"
    ONE = "one", "Run one, for the latest of them"
    ALL = "all", "Run them all, up to a number"


_STATE_BADGES = {
    ScheduleState.ENABLED: Badge("Enabled", "ok", "check-circle-fill"),
    ScheduleState.PAUSED: Badge("Paused", "wait", "pause-circle"),
    ScheduleState.ENDED: Badge("Ended", "off", "slash-circle"),
}
_OUTCOME_BADGES = {
    Outcome.FIRED: Badge("Fired", "ok", "play-circle-fill"),
    Outcome.SKIPPED: Badge("Skipped", "off", "slash-circle"),
    Outcome.MISSED: Badge("Missed", "wait", "question-circle-fill"),
    Outcome.HELD: Badge("Held", "wait", "pause-circle"),
    Outcome.REFUSED: Badge("Refused", "bad", "x-circle-fill"),
}
