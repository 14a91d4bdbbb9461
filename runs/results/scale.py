"""Where numbers are on the axis of a drawing."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

# From this ratio of greatest to least on, an axis is logarithmic.
_DECADES = 50


class Scale:
    """An axis from the least to the greatest of finite numbers, of which there is at least one.

    It is logarithmic if they are far apart and above zero, unless it is to be `linear`.
    """

    def __init__(self, numbers: Iterable[float], *, linear: bool = False) -> None:
        found = list(numbers)
        self.least, self.most = min(found), max(found)
        self.is_log = not linear and self.least > 0 and self.most / self.least >= _DECADES

    def place(self, number: float) -> float:
        """From 0, the least, to 1; in the middle if all are alike."""
        if self.least == self.most:
            return 0.5
        if self.is_log:
            return (log(number) - log(self.least)) / (log(self.most) - log(self.least))
        # Halved first: the distance of two great numbers may be infinite.
        return (number / 2 - self.least / 2) / (self.most / 2 - self.least / 2)
