"""When a service that has died is started again, and when no more."""

from __future__ import annotations

from datetime import timedelta

from mantik.lib.backoff import backoff

# So often in a row may a service die soon after its start.
MOST_DEATHS = 5
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)


class Deaths:
    """Those of one service in a row. A death is a matter of its start if it comes within `soon` seconds of it."""

    def __init__(self, *, soon: float) -> None:
        self._soon = soon
        self.in_a_row = 0

    def pause_after(self, lived: float) -> float | None:
        """Seconds until the next start, after one that lived so many seconds; None if there is to be none."""
        if lived > self._soon:
            self.in_a_row = 0
        self.in_a_row += 1
        if self.in_a_row >= MOST_DEATHS:
            return None
        return backoff(self.in_a_row - 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE).total_seconds()
