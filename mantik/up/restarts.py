"""When a service that has died is started again, and when it is given up."""

from __future__ import annotations

from datetime import timedelta

from mantik.lib.backoff import backoff

# A service that dies this often in a row is given up.
MOST_DEATHS = 5
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)


class Deaths:
    """Counts the deaths of one service in a row. A death later than `soon` seconds after its start is a first one."""

    def __init__(self, *, soon: float) -> None:
        self._soon = soon
        self.in_a_row = 0

    def pause_after(self, lived: float) -> float | None:
        """Count a death after `lived` seconds; returns the seconds until the next start, None to give up."""
        if lived > self._soon:
            self.in_a_row = 0
        self.in_a_row += 1
        if self.in_a_row >= MOST_DEATHS:
            return None
        return backoff(self.in_a_row - 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE).total_seconds()
