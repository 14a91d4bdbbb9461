"""What stands on a connection, told by the apps that this one does not know.

An app registers when Django starts (`ready()` of its AppConfig): who uses a connection, so that it is not deleted
under them, and what waits for it, so that it goes on when the login works again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connections.models import Connection


@dataclass(frozen=True)
class Use:
    """`text` names one thing as a list can show it ("run nightly in Solar cells"); `url` leads there, or is "".

    Without `blocks` the connection may be deleted all the same, and `text` says what becomes of the thing then.
    """

    text: str
    url: str = ""
    blocks: bool = True


Finder = Callable[[Connection], Iterable[Use]]
Waker = Callable[[Connection, datetime], None]
Locker = Callable[[Connection], None]

_finders: dict[str, Finder] = {}
_wakers: dict[str, Waker] = {}
_lockers: dict[str, Locker] = {}


def register_usage(app: str, finder: Finder) -> None:
    """`finder` tells what of `app` would break without a connection."""
    _finders[app] = finder


def register_waker(app: str, waker: Waker) -> None:
    """`waker` is called, in the transaction of the change, when a connection may work again that did not."""
    _wakers[app] = waker


def register_locker(app: str, locker: Locker) -> None:
    """`locker` is called, in the transaction of the deletion, before anything else: for what begins to use a
    connection by itself, holds a row of its own meanwhile, and is to be waited for.
    """
    _lockers[app] = locker


def uses_of(connection: Connection) -> list[Use]:
    """What the connection must not be deleted under."""
    return [use for use in _all(connection) if use.blocks]


def consequences_of(connection: Connection) -> list[str]:
    """What its deletion would change, and not stop."""
    return [use.text for use in _all(connection) if not use.blocks]


def _all(connection: Connection) -> Iterator[Use]:
    for app in sorted(_finders):
        yield from _finders[app](connection)


def lock_uses(connection: Connection) -> None:
    for app in sorted(_lockers):
        _lockers[app](connection)


def wake(connection: Connection, now: datetime) -> None:
    for app in sorted(_wakers):
        _wakers[app](connection, now)
