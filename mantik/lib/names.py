"""Free names for copies."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count


def free_name(name: str, ending: str, *, taken: Iterable[str], most: int) -> str:
    """ "nightly copy", else "nightly copy 2" and so on: the first that is not `taken`, in capitals or not.

    Only the first `most` characters of `name` are kept, so that there is room in the column for the rest.
    """
    known = {one.casefold() for one in taken}
    first = f"{name[:most].rstrip()} {ending}"
    wished = chain([first], (f"{first} {number}" for number in count(2)))
    return next(one for one in wished if one.casefold() not in known)
