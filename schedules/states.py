"""What a schedule may be, what may become of a slot, and the policies that a member chooses from."""

from __future__ import annotations

from django.db import models

from runs.states import Badge


class ScheduleState(models.TextChoices):
    ENABLED = "enabled", "Enabled"
    PAUSED = "paused", "Paused"
    # No due time is left before the end date.
    ENDED = "ended", "Ended"

    @property
    def badge(self) -> Badge:
        return _STATE_BADGES[self]


class Outcome(models.TextChoices):
    """What became of a slot."""

    FIRED = "fired", "Fired"
    # By the schedule's own rules: its previous run was still active, the day had enough runs, or a later due time was
    # caught up on.
    SKIPPED = "skipped", "Skipped"
    # Mantik was not running at the due time, and the rules did not let it catch up.
    MISSED = "missed", "Missed"
    # It was due while the schedule was paused.
    HELD = "held", "Held"
    # The right to start runs, the connection or the code was gone.
    REFUSED = "refused", "Refused"
    # The database was restored from a backup that was made before the due time. The job may be at the site.
    UNKNOWN = "unknown", "Not known"

    @property
    def badge(self) -> Badge:
        return _OUTCOME_BADGES[self]


class CodePolicy(models.TextChoices):
    SAME_COMMIT = "same", "The same commit as the run"
    NEWEST = "newest", "The newest commit of the branch"


class Overlap(models.TextChoices):
    """What to do at a due time while a run of the schedule is still active."""

    ALLOW = "allow", "Start another run beside it"
    SKIP = "skip", "Skip this due time"
    CANCEL = "cancel", "Cancel the previous run, then start"


class CatchUp(models.TextChoices):
    """What to do about due times while Mantik was down, or while the schedule was paused."""

    SKIP = "skip", "Do not run them"
    ONE = "one", "Run only the latest"
    ALL = "all", "Run all of them, up to a limit"


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
    Outcome.UNKNOWN: Badge("Not known", "wait", "question-circle-fill"),
}
