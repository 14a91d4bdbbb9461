"""The event loop in which this process waits for what it hands on: the web server's, or one in a thread of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from threading import Lock, Thread
from typing import Any, TypeVar

T = TypeVar("T")

# By the id of the process: a thread does not survive a fork.
_loops: dict[int, asyncio.AbstractEventLoop] = {}
_lock = Lock()


def use(loop: asyncio.AbstractEventLoop) -> None:
    """Have `loop`, which runs, for all of this process. To be called before anything else here."""
    _loops[os.getpid()] = loop


def in_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """What `coroutine` returns, from a thread that waits for it. Never from the loop itself."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


def iterate(pieces: Callable[[], AsyncGenerator[bytes]]) -> Generator[bytes]:
    """`pieces` for a thread, which waits for each: under another web server than ours, and in tests."""
    generator = pieces()
    try:
        while piece := in_loop(_next(generator)):
            yield piece
    finally:
        in_loop(generator.aclose())


async def _next(generator: AsyncGenerator[bytes]) -> bytes:
    """A piece that is not empty; none at the end."""
    async for piece in generator:
        if piece:
            return piece
    return b""


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        pid = os.getpid()
        if pid not in _loops:
            _loops[pid] = asyncio.new_event_loop()
            Thread(target=_loops[pid].run_forever, name="loop", daemon=True).start()
        return _loops[pid]
