"""A server that hangs."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from mantik.up.ports import LOOPBACK
from tests.support.waiting import wait_until


class SilentHost:
    """Takes every connection and never answers, so that what is asked there lasts until somebody gives up or dies."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0), backlog=512)
        self._taken: list[socket.socket] = []
        self._visits = 0
        threading.Thread(target=self._take, daemon=True).start()

    @property
    def url(self) -> str:
        """Of a repository there."""
        return f"https://{LOOPBACK}:{self._port}/group/code.git"

    @property
    def origin(self) -> str:
        """Its address, for whatever is asked by plain HTTP."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def site_url(self) -> str:
        """The REST base URL of a site there."""
        return f"{self.origin}/SITE/rest/core"

    @property
    def visits(self) -> int:
        return self._visits

    def await_visits(self, number: int) -> None:
        wait_until(lambda: self._visits >= number, seconds=60)
        assert self._visits == number

    def hang_up(self) -> None:
        """What a killed worker has left behind goes away, too."""
        while self._taken:
            self._taken.pop().close()

    def close(self) -> None:
        # Closing alone does not wake up who waits for a connection. It may be closed already.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    @property
    def _port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self._taken.append(self._listener.accept()[0])
                self._visits += 1
