"""The breaker of MLflow, for pages: when it has not answered one in time, the others say so and do not wait.

Like the breaker of each site (`connections/outages/breaker.py`), but each web process has its own, in memory: what one
has not noticed costs it one wait of two seconds, and a row would cost every page a query. Workers do without: they wait
for MLflow in processes of their own.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from connections.mlflow.errors import SILENT, TrackingSilent, TrackingUnavailable
from mantik.lib import patience

# For so long nobody asks. Then one page does, and if it is not answered either, the others go on doing without.
PAUSE_SECONDS = 10.0
# An answer that a page had less time for says nothing about MLflow.
ENOUGH_SECONDS = patience.PAGE_SECONDS / 2
# So many pages wait at once, half of the threads of the web server (mantik/server/limits.py). Shorter waits than these
# do not count: those are how MLflow answers when it is well.
MOST_WAITING, SHORT_SECONDS = 4, 0.5


class Breaker:
    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        # When those began who wait now.
        self._waiting: list[float] = []
        self._next_try_at: float | None = None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around a question to MLflow, which raises TrackingSilent if it is not answered.

        For pages, TrackingUnavailable is raised at once if MLflow is silent or others wait for it already.
        """
        if not patience.is_page():
            yield
            return
        begin = self._begin()
        try:
            yield
        except TrackingSilent:
            if self._clock() - begin >= ENOUGH_SECONDS:
                self._next_try_at = self._clock() + PAUSE_SECONDS
            raise TrackingUnavailable(SILENT) from None
        except BaseException:
            # Whatever else it is, MLflow has answered, or there is nobody to wait for.
            self._next_try_at = None
            raise
        else:
            self._next_try_at = None
        finally:
            with self._lock:
                self._waiting.remove(begin)

    def _begin(self) -> float:
        with self._lock:
            now = self._clock()
            if self._next_try_at is not None and now < self._next_try_at:
                raise TrackingUnavailable(SILENT)
            if len(self._waiting) >= MOST_WAITING and now - min(self._waiting) > SHORT_SECONDS:
                raise TrackingUnavailable(SILENT)
            if self._next_try_at is not None:
                # This one asks whether it is back.
                self._next_try_at = now + PAUSE_SECONDS
            self._waiting.append(now)
            return now


_breakers: defaultdict[str, Breaker] = defaultdict(Breaker)


def breaker_of(uri: str) -> Breaker:
    """The one that all clients of this process share."""
    return _breakers[uri]
