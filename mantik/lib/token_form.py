"""How the tokens read that Mantik makes: ``mantik_<prefix>_<rest>``, or ``mantik_<kind>_<prefix>_<rest>``.

The prefix is shown in lists and finds the row; the rest proves the token, and is blanked wherever text is written down.
"""

from __future__ import annotations

import re

MARK = "mantik"
# What may stay of a token in a text, and what must not, for patterns of whoever blanks secrets.
SHOWN = rf"{MARK}_(?:[a-z]{{1,8}}_)?[0-9a-f]{{10,16}}_"
SECRET = r"[A-Za-z0-9_-]{20,}"  # noqa: S105 - the form of one
_PARTS = re.compile(r"([0-9a-f]+)_.+", re.DOTALL)


def written(mark: str, prefix: str, rest: str) -> str:
    return f"{mark}_{prefix}_{rest}"


def prefix_in(text: str, *, mark: str, digits: int) -> str:
    """The prefix, of so many hexadecimal digits, of a token that begins with `mark`; "" if `text` is not one."""
    if not text.startswith(f"{mark}_"):
        return ""
    parts = _PARTS.fullmatch(text, len(mark) + 1)
    return parts[1] if parts and len(parts[1]) == digits else ""
