"""Values as a query or an unchecked form has them: whatever somebody has typed into an address."""

from __future__ import annotations

import re

# Python reads digits of all scripts, and none of a number that has more than 4,300.
_WHOLE = re.compile(r"[0-9]{1,18}")


def without_nul(text: str) -> str:
    """No column holds that character, and PostgreSQL does not even compare with it."""
    return text.replace("\0", "")


def whole_number(text: str) -> int | None:
    """A number that a column of 64 bits holds, not negative; None if it is none."""
    return int(text) if _WHOLE.fullmatch(text) else None
