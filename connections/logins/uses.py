"""What uses a connection: reported by the apps above, which this app does not know.

An app registers when Django starts (`ready()` of its AppConfig): a function that finds what uses a connection, so that
it is not deleted while in use, and one that continues what waited for it when the login works again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from connections.models import Connection


@dataclass(frozen=True)
class Use:
    """One use of a connection. `text` names it for a list ("run nightly in Solar cells"); `url` leads there, or is "".

    If `blocks` is False, the connection may be deleted all the same, and `text` says what happens then.
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
    """`finder` returns what in `app` uses a connection."""
    _finders[app] = finder


def register_waker(app: str, waker: Waker) -> None:
    """`waker` is called when a connection may work again, in the transaction of that change."""
    _wakers[app] = waker


def register_locker(app: str, locker: Locker) -> None:
    """`locker` is called at the beginning of the transaction that deletes a connection.

    It locks the rows that others lock while they begin to use a connection (beat, for schedules). So the deletion waits
    for them, and then finds the new use.
    """
    _lockers[app] = locker


def uses_of(connection: Connection) -> list[Use]:
    """The uses that prevent the deletion of `connection`."""
    return [use for use in _all(connection) if use.blocks]


def consequences_of(connection: Connection) -> list[str]:
    """What the deletion of `connection` would change without breaking it, in sentences."""
    return [use.text for use in _all(connection) if not use.blocks]


def _all(connection: Connection) -> Iterator[Use]:
    for app in sorted(_finders):
        yield from _finders[app](connection)


def lock_uses(connection: Connection) -> None:
    """Call the lockers of all apps (`register_locker`)."""
    for app in sorted(_lockers):
        _lockers[app](connection)


def wake(connection: Connection, now: datetime) -> None:
    """Continue whatever waits for `connection`, which may work again (`register_waker`)."""
    for app in sorted(_wakers):
        _wakers[app](connection, now)
