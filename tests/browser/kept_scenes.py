"""The scene of one test, put back for the next ones: making it takes longer than looking at a page of it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

from tests.browser.scene import Scene
from tests.support import kept_rows

# In seconds. "18 minutes ago" is to be true, and nothing that is due soon to come due.
KEPT_FOR = 30


class KeptScenes:
    """Of one process: the newest."""

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._rows: list[kept_rows.Rows] = []
        self._made_at = 0.0

    def get(self, build: Callable[[], Scene]) -> Scene:
        """For an empty database. What a test does to its scene stays with it."""
        if self._scene is None or time.monotonic() > self._made_at + KEPT_FOR:
            self._made_at = time.monotonic()
            self._scene = build()
            self._rows = kept_rows.take()
        else:
            kept_rows.put_back(self._rows)
        return copy.deepcopy(self._scene)
