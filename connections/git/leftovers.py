"""Removes what is left in the directory of mirrors: by killed workers, and of deleted repositories."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from connections.git.errors import GitError
from connections.git.place import Place, keys_below


def remove_keys(root: Path) -> None:
    """Remove the ssh keys of mirrors that nobody is fetching. Those of a fetch under way stay: it has the lock."""
    for key in keys_below(root, "*.ssh"):
        place = Place(root=root, key=key)
        _if_unused(place, place.clear_leftovers)


def remove_mirrors(root: Path, *, in_use: Callable[[], Callable[[str], bool]]) -> None:
    """Remove mirrors that belong to no repository, except those that are being fetched.

    `in_use` returns a function that says whether a key is in use. It is called after the directory was read, so that a
    mirror that is made meanwhile is not removed.
    """
    keys = keys_below(root, "*.*")
    is_used = in_use()
    for key in keys:
        if not is_used(key):
            place = Place(root=root, key=key)
            _if_unused(place, place.remove)


def _if_unused(place: Place, do: Callable[[], None]) -> None:
    with contextlib.suppress(GitError), place.locked(deadline=time.monotonic()):
        do()
