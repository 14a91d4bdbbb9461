"""What is left in the directory of mirrors: by workers that were killed, and of repositories that are no more."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from connections.git.errors import GitError
from connections.git.place import Place


def remove_keys(root: Path) -> None:
    """Take away ssh keys that no process uses any more. A fetch under way has its mirror's lock, and keeps its own."""
    for directory in root.glob("*.ssh"):
        place = Place(root=root, key=directory.stem)
        _if_unused(place, place.clear_leftovers)


def remove_mirrors(root: Path, *, in_use: Callable[[], Callable[[str], bool]]) -> None:
    """Take away mirrors whose keys are not in use, except those that are being fetched.

    `in_use` is called after the directory was read, so that one which is made meanwhile is not taken for an old one.
    """
    keys = {path.stem for path in root.glob("*.*")}
    is_used = in_use()
    for key in keys:
        if not is_used(key):
            place = Place(root=root, key=key)
            _if_unused(place, place.remove)


def _if_unused(place: Place, do: Callable[[], None]) -> None:
    with contextlib.suppress(GitError), place.locked(deadline=time.monotonic()):
        do()
