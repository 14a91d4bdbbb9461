"""What the page of a run shows of the token with which its job logs; never the token itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runs.models import Run, RunToken
from runs.states import Badge
from runs.tracking.run_tokens import GRACE

_VALID = Badge("Valid", "ok", "check-circle-fill")
_REVOKED = Badge("Revoked", "off", "slash-circle")
_ENDED = Badge("Ended with the run", "off", "hourglass-split")


@dataclass(frozen=True)
class TokenLine:
    """A token and its state at the time at which the page is drawn. `until`: its end, once the run is over."""

    token: RunToken
    is_valid: bool
    until: datetime | None

    @property
    def badge(self) -> Badge:
        if self.token.revoked_at:
            return _REVOKED
        return _VALID if self.is_valid else _ENDED


def token_lines(run: Run, *, now: datetime) -> list[TokenLine]:
    """The tokens that a job of the run may have, newest first: none before the run is sent, and mostly one after."""
    tokens = list(run.tokens.order_by("-pk"))
    valid = set(RunToken.objects.valid(now).filter(run=run).values_list("pk", flat=True)) if tokens else set()
    until = run.ended_at + GRACE if run.ended_at else None
    return [TokenLine(token, token.pk in valid, until) for token in tokens]
