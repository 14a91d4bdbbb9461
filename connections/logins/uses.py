"""Who uses a connection, as reported by the apps above, which this one does not know.

An app registers when Django starts (`ready()` of its AppConfig): what uses a connection, so that it is not deleted
while in use, and what waits for it, so that this goes on when the login works again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connections.models import Connection


@dataclass(frozen=True)
class Use:
    """One use of a connection. `text` names it for a list ("run nightly in Solar cells"); `url` leads there, or is "".

    Without `blocks` the connection may be deleted nevertheless, and `text` says what happens then.
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
    """`finder` returns what of `app` would break without a connection."""
    _finders[app] = finder


def register_waker(app: str, waker: Waker) -> None:
    """`waker` is called when a connection may work again, in the transaction of that change."""
    _wakers[app] = waker


def register_locker(app: str, locker: Locker) -> None:
    """`locker` is called first in the transaction of a deletion, to wait for what is about to use the connection.

    It locks the rows that such a user (beat, for schedules) holds meanwhile.
    """
    _lockers[app] = locker


def uses_of(connection: Connection) -> list[Use]:
    """The uses that prevent its deletion."""
    return [use for use in _all(connection) if use.blocks]


def consequences_of(connection: Connection) -> list[str]:
    """The uses that its deletion would change, but not break."""
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
