"""Metrics, params and tags of several entries, joined in one request to MLflow."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from connections.mlflow.errors import TrackingRefused
from connections.mlflow.for_workers import writer
from connections.mlflow.values import LoggedPoint
from runs.tracking.journals.entries import Metrics, Params, Tags
from runs.tracking.journals.passed_over import CHANGED, CLASH, DELETED, REFUSED, PassedOver, of_kind
from runs.tracking.summaries.logged import Logged

# In one request, as MLflow takes them.
MOST, _MOST_PAIRS = 1000, 100
# Of points that MLflow may have already: looking each up takes it milliseconds, and it is waited for 20 seconds.
MOST_IN_DOUBT = 100
# Characters. A request may have a million bytes, and JSON six for one character.
_HEAVIEST = 150_000
# Requests that find out which part of a batch is refused.
_MOST_TRIES = 40

Logging = Metrics | Params | Tags


class Param(NamedTuple):
    key: str
    value: str


class Tag(NamedTuple):
    key: str
    value: str


Item = LoggedPoint | Param | Tag


def items_of(entry: Logging) -> list[Item]:
    match entry:
        case Metrics(points=points):
            return list(points)
        case Params(params=params):
            return [Param(*pair) for pair in params.items()]
        case Tags(tags=tags):
            return [Tag(*pair) for pair in tags.items()]


def is_linked(entry: Logging) -> bool:
    """Whether it has points of a logged model. Those were mostly sent for the run before, which makes them slow."""
    return isinstance(entry, Metrics) and any(point.model for point in entry.points)


class Batch:
    """What is to be sent about `run` in one request. `most`: metrics, params and tags in all."""

    def __init__(self, run: str, *, linked: bool, most: int) -> None:
        self.run, self.linked, self._most = run, linked, MOST_IN_DOUBT if linked else most
        self.passed_over: Counter[str] = Counter()
        self._items: dict[tuple[object, ...], Item] = {}
        self._pairs: Counter[type] = Counter()
        self._weight = 0

    @property
    def items(self) -> list[Item]:
        return list(self._items.values())

    def takes(self, run: str, items: list[Item], *, linked: bool) -> bool:
        """Whether these can be sent with what is here."""
        return (self.run, self.linked) == (run, linked) and self.has_room(items)

    def has_room(self, items: list[Item]) -> bool:
        """Whether all of them still fit."""
        pairs = self._pairs + Counter(type(item) for item in items if not isinstance(item, LoggedPoint))
        return (
            len(self._items) + len(items) <= self._most
            and all(count <= _MOST_PAIRS for count in pairs.values())
            and self._weight + sum(map(_weight, items)) <= _HEAVIEST
        )

    def add(self, item: Item) -> None:
        """What is there already is not added again: MLflow would look up the whole batch for it."""
        key = _identity(item)
        there = self._items.get(key)
        if there is None or isinstance(item, Tag):
            self._items[key] = item
            self._pairs[type(item)] += there is None and not isinstance(item, LoggedPoint)
            self._weight += _weight(item)
        elif isinstance(item, Param) and item != there:
            self.passed_over[CHANGED] += 1
        elif isinstance(item, LoggedPoint) and repr(item) != repr(there):
            self.passed_over[CLASH] += 1
            self.add(_unlinked(item))


class Sent(NamedTuple):
    """`items`: those that MLflow has taken. `refused`: why others were not taken, and how many."""

    items: list[Item]
    refused: Counter[str]

    def note_in(self, logged: Logged, run: str) -> None:
        points = (item for item in self.items if isinstance(item, LoggedPoint))
        logged.add_points(run, (point for point in points if not point.again))
        logged.add_params(run, {item.key: item.value for item in self.items if isinstance(item, Param)})
        logged.add_tags(run, {item.key: item.value for item in self.items if isinstance(item, Tag)})


def send(batch: Batch) -> Sent:
    """Sends it to MLflow, without those items that MLflow refuses.

    Raises TrackingUnavailable, and PassedOver if the run takes nothing at all.
    """
    sent = Sent([], Counter())
    waiting, tries = [batch.items], _MOST_TRIES
    while waiting:
        items = waiting.pop()
        try:
            _send(batch.run, items)
            sent.items.extend(items)
        except TrackingRefused:
            if tries == _MOST_TRIES and not writer().is_open(batch.run):
                raise PassedOver(DELETED) from None
            tries -= 1
            if len(items) > 1 and tries > 0:
                middle = len(items) // 2
                waiting += [items[middle:], items[:middle]]
            elif len(items) == 1 and isinstance(items[0], LoggedPoint) and items[0].model:
                sent.refused[CLASH] += 1
                waiting.append([_unlinked(items[0])])
            else:
                sent.refused.update(map(_why, items))
    return sent


def _send(run: str, items: list[Item]) -> None:
    if not items:
        return
    points = [item for item in items if isinstance(item, LoggedPoint)]
    params = {item.key: item.value for item in items if isinstance(item, Param)}
    tags = {item.key: item.value for item in items if isinstance(item, Tag)}
    writer().log_batch(run, points, params, tags)


def _identity(item: Item) -> tuple[object, ...]:
    """Two of the same are one to MLflow. Of a logged model it keeps one point of a metric for a time and step."""
    if not isinstance(item, LoggedPoint):
        return type(item), item.key
    if item.model:
        return item.model, item.key, item.timestamp, item.step
    return item.key, repr(item.value), item.timestamp, item.step


def _unlinked(point: LoggedPoint) -> LoggedPoint:
    return point._replace(model="", dataset="", digest="")


def _weight(item: Item) -> int:
    return len(item.key) + (100 if isinstance(item, LoggedPoint) else len(item.value))


def _why(item: Item) -> str:
    return of_kind(REFUSED, "metrics" if isinstance(item, LoggedPoint) else f"{type(item).__name__.lower()}s")
