"""Several who do something at the same moment; the database decides."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(calls: list[Callable[[], T]]) -> list[T | Exception]:
    """What each returned or raised; they begin together, each with a connection of its own."""
    barrier = Barrier(len(calls))

    def call(one: Callable[[], T]) -> T | Exception:
        try:
            barrier.wait(10)
            return one()
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))
