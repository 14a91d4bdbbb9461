"""Entries of a journal, each with its type. What they hold was written by a training: it is checked here, and whether
they are about something of this run in `tree.py`."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any

from connections.mlflow.values import LoggedDataset, LoggedPoint
from runs.models import TrackedItem
from runs.tracking.gateway.fields import Fields, Unclear, at_most, flag, many, number, parts, shaped, text, whole
from runs.tracking.journals.passed_over import MALFORMED, UNKNOWN_KIND, PassedOver, of_kind

Kind = TrackedItem.Kind

FORMAT = 1
# As the relay has them: characters.
_LONGEST_KEY, _LONGEST_PARAM, _LONGEST_TAG, _LONGEST_TEXT, _LONGEST_PATH = 250, 6000, 8000, 500, 2000
_KEY = re.compile(r"[/\w.\- :]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_STATUSES = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"}
# A relay writes a thousand points in an entry at most. One is applied as a whole, however long a turn that takes.
_MOST_PAIRS, _MOST_POINTS, _BEYOND_64_BITS = 10_000, 10_000, 2**63
# Names of one entry under which something is counted.
_MOST_COUNTED = 1000


@dataclass(frozen=True)
class Start:
    format: int


@dataclass(frozen=True)
class Metrics:
    run: str
    points: tuple[LoggedPoint, ...]


@dataclass(frozen=True)
class Params:
    run: str
    params: Mapping[str, str]


@dataclass(frozen=True)
class Tags:
    run: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Untag:
    run: str
    key: str


@dataclass(frozen=True)
class Child:
    run: str
    name: str
    user: str
    start: int
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Update:
    run: str
    status: str
    end: int | None
    name: str


@dataclass(frozen=True)
class Inputs:
    run: str
    datasets: tuple[LoggedDataset, ...]
    models: tuple[str, ...]


@dataclass(frozen=True)
class Outputs:
    """`models`: ids, and the step of each."""

    run: str
    models: Mapping[str, int]


@dataclass(frozen=True)
class History:
    """`model`: as a client before 3 says it."""

    run: str
    model: Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    run: str
    model: str
    name: str
    kind: str
    params: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ModelStatus:
    model: str
    status: str


@dataclass(frozen=True)
class ModelParams:
    model: str
    params: Mapping[str, str]


@dataclass(frozen=True)
class ModelTags:
    model: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ModelUntag:
    model: str
    key: str


@dataclass(frozen=True)
class File:
    """`at`: where it begins in the pack, or the path of a file of its own."""

    kind: Kind
    owner: str
    path: str
    size: int
    sha256: str
    at: int | str


@dataclass(frozen=True)
class Unkept:
    kind: Kind
    owner: str
    path: str
    why: str


@dataclass(frozen=True)
class Unfile:
    kind: Kind
    owner: str
    path: str


@dataclass(frozen=True)
class Wish:
    """`source` is blank if only the name was registered so far."""

    name: str
    source: str


@dataclass(frozen=True)
class ExperimentAsked:
    name: str


@dataclass(frozen=True)
class Lost:
    why: str
    entries: Mapping[str, int]


@dataclass(frozen=True)
class End:
    requests: int
    faults: int
    unknown: Mapping[str, int]
    lost: Mapping[str, int]


Entry = (
    Start
    | Metrics
    | Params
    | Tags
    | Untag
    | Child
    | Update
    | Inputs
    | Outputs
    | History
    | Model
    | ModelStatus
    | ModelParams
    | ModelTags
    | ModelUntag
    | File
    | Unkept
    | Unfile
    | Wish
    | ExperimentAsked
    | Lost
    | End
)


def parse(written: Mapping[str, Any], *, root: str) -> Entry:
    """The entry that `written` stands for. `root`: the run of the job, which it is about if it names none.

    Raises PassedOver.
    """
    kind = str(written["k"])
    if kind not in _KINDS:
        raise PassedOver(UNKNOWN_KIND)
    fields, build = _KINDS[kind]
    try:
        return build(_Found(shaped(written, fields), root))
    except Unclear:
        raise PassedOver(of_kind(MALFORMED, kind)) from None


# Values


def _key(value: Any, name: str) -> str:
    """Of a metric, param or tag, as MLflow takes them: it writes some of them as paths of files."""
    key: str = at_most(_LONGEST_KEY)(value, name)
    if not _KEY.fullmatch(key) or posixpath.normpath(key) != key or key == "." or key.startswith(("..", "/")):
        raise Unclear(f"{name} is no key.")
    return key


def _natural(value: Any, name: str) -> int:
    found = whole(value, name)
    if found < 0:
        raise Unclear(f"{name} is negative.")
    return found


def _texts(length: int) -> Callable[[Any, str], dict[str, str]]:
    """Values by keys."""
    shape = at_most(length)

    def shaped_texts(value: Any, name: str) -> dict[str, str]:
        return {_key(key, name): shape(one, name) for key, one in _object(value, name).items()}

    return shaped_texts


def _counts(value: Any, name: str) -> dict[str, int]:
    """Of what there is something."""
    named = list(_object(value, name).items())[:_MOST_COUNTED]
    found = {text(key, name)[:_LONGEST_TEXT]: _natural(count, name) for key, count in named}
    return {key: count for key, count in found.items() if count}


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > _MOST_PAIRS:
        raise Unclear(f"{name} is no object.")
    return value


def _columns(value: Any, name: str) -> list[tuple[str, float, int, int]]:
    """Key, value, time and step of each point."""
    all_points = (
        (_key(key, name), *point) for key, one in _object(value, name).items() for point in _points(one, name)
    )
    found = list(islice(all_points, _MOST_POINTS + 1))
    if len(found) > _MOST_POINTS:
        raise Unclear(f"{name} has too many points.")
    return found


def _points(columns: Any, name: str) -> Iterator[tuple[float, int, int]]:
    is_table = isinstance(columns, list) and len(columns) == 3 and all(isinstance(one, list) for one in columns)
    if not is_table or len({*map(len, columns)}) != 1:
        raise Unclear(f"{name} has no columns.")
    values, times, steps = columns
    for value, time, step in zip(values, _summed(times, name), _summed(steps, name), strict=True):
        found = float(number(value, name))
        # Always the same NaN, so that two of them are one point.
        yield math.nan if math.isnan(found) else found, _natural(time, name), step


def _summed(differences: list[Any], name: str) -> Iterator[int]:
    for total in accumulate(whole(one, name) for one in differences):
        if not -_BEYOND_64_BITS <= total < _BEYOND_64_BITS:
            raise Unclear(f"{name} leaves 64 bits.")
        yield total


def _json(value: Any, name: str) -> dict[str, Any]:
    try:
        return _object(json.loads(text(value, name)), name)
    except (ValueError, RecursionError):
        raise Unclear(f"{name} is not JSON.") from None


def _place(value: Any, name: str) -> int | str:
    return text(value, name) if isinstance(value, str) else _natural(value, name)


def _one_of(*known: str) -> Callable[[Any, str], str]:
    def shape(value: Any, name: str) -> str:
        if value not in known:
            raise Unclear(f"{name} is not known.")
        return str(value)

    return shape


class _Found:
    """The fields of an entry that were found, each as it has to be. Raises Unclear for one that is missing."""

    def __init__(self, values: Mapping[str, Any], root: str) -> None:
        self._values, self._root = values, root

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            raise Unclear(f"{name} is missing.")
        return self._values[name]

    def get(self, name: str, usual: Any = "") -> Any:
        return self._values.get(name, usual)

    @property
    def run(self) -> str:
        return str(self.get("run", self._root))

    @property
    def owner(self) -> tuple[Kind, str]:
        """Of a file."""
        return (Kind.MODEL, str(self["model"])) if "model" in self._values else (Kind.RUN, self.run)


# Kinds

_id = at_most(_LONGEST_KEY)
_params, _tags = _texts(_LONGEST_PARAM), _texts(_LONGEST_TAG)
_pair = parts({"key": text, "value": text})
_dataset = parts(
    {
        "dataset": parts(dict.fromkeys(("name", "digest", "source_type", "source", "schema", "profile"), text)),
        "tags": many(_pair),
    }
)
_path: Fields = {"run": _id, "model": _id, "path": at_most(_LONGEST_PATH)}


def _metrics(found: _Found) -> Metrics:
    of = found.get("of", ["", "", ""])
    if len(of) != 3:
        raise Unclear("of has three parts.")
    model, dataset, digest = of
    about = {"model": model, "dataset": dataset, "digest": digest, "again": bool(model) and found.get("again", False)}
    return Metrics(found.run, tuple(LoggedPoint(*point, **about) for point in found["points"]))


def _inputs(found: _Found) -> Inputs:
    datasets = tuple(
        LoggedDataset(one["dataset"], [(tag.get("key", ""), tag.get("value", "")) for tag in one.get("tags", ())])
        for one in found.get("datasets", ())
        if "dataset" in one
    )
    return Inputs(found.run, datasets, tuple(found.get("models", ())))


def _outputs(found: _Found) -> Outputs:
    named = [one for one in found["models"] if "model_id" in one]
    return Outputs(found.run, {one["model_id"]: one.get("step", 0) for one in named})


def _sha256(value: Any, name: str) -> str:
    digest: str = text(value, name)
    if not _SHA256.fullmatch(digest):
        raise Unclear(f"{name} is no SHA-256.")
    return digest


_KINDS: Mapping[str, tuple[Fields, Callable[[_Found], Entry]]] = {
    "start": ({"format": whole}, lambda found: Start(found["format"])),
    "metrics": ({"run": _id, "of": many(at_most(_LONGEST_TEXT)), "again": flag, "points": _columns}, _metrics),
    "params": ({"run": _id, "params": _params}, lambda found: Params(found.run, found["params"])),
    "tags": ({"run": _id, "tags": _tags}, lambda found: Tags(found.run, found["tags"])),
    "untag": ({"run": _id, "key": _key}, lambda found: Untag(found.run, found["key"])),
    "child": (
        {"run": _id, "name": at_most(_LONGEST_KEY), "user": at_most(_LONGEST_KEY), "start": _natural, "tags": _tags},
        lambda found: Child(found["run"], found["name"], found.get("user"), found["start"], found.get("tags", {})),
    ),
    "update": (
        {"run": _id, "status": _one_of(*_STATUSES), "end": _natural, "name": at_most(_LONGEST_KEY)},
        lambda found: Update(found.run, found.get("status"), found.get("end", None), found.get("name")),
    ),
    "inputs": ({"run": _id, "datasets": many(_dataset), "models": many(_id)}, _inputs),
    "outputs": ({"run": _id, "models": many(parts({"model_id": _id, "step": whole}))}, _outputs),
    "history": ({"run": _id, "model": _json}, lambda found: History(found.run, found["model"])),
    "model": (
        {
            "run": _id,
            "model": _id,
            "name": at_most(_LONGEST_TEXT),
            "type": at_most(_LONGEST_TEXT),
            "params": _params,
            "tags": _tags,
        },
        lambda found: Model(
            found.run, found["model"], found["name"], found.get("type"), found.get("params", {}), found.get("tags", {})
        ),
    ),
    "model_status": ({"model": _id, "status": _id}, lambda found: ModelStatus(found["model"], found["status"])),
    "model_params": ({"model": _id, "params": _params}, lambda found: ModelParams(found["model"], found["params"])),
    "model_tags": ({"model": _id, "tags": _tags}, lambda found: ModelTags(found["model"], found["tags"])),
    "model_untag": ({"model": _id, "key": _key}, lambda found: ModelUntag(found["model"], found["key"])),
    "file": (
        {**_path, "size": _natural, "sha256": _sha256, "at": _place},
        lambda found: File(*found.owner, found["path"], found["size"], found["sha256"], found["at"]),
    ),
    "unkept": (
        {**_path, "why": _one_of("limit", "disk")},
        lambda found: Unkept(*found.owner, found["path"], found["why"]),
    ),
    "unfile": (_path, lambda found: Unfile(*found.owner, found["path"])),
    "wish": ({"name": _id, "source": text}, lambda found: Wish(found["name"], found.get("source"))),
    "experiment": ({"name": text}, lambda found: ExperimentAsked(found["name"])),
    "lost": (
        {"why": _one_of("limit", "disk"), "entries": _counts},
        lambda found: Lost(found["why"], found["entries"]),
    ),
    "end": (
        {"requests": _natural, "faults": _natural, "unknown": _counts, "lost": _counts},
        lambda found: End(
            found.get("requests", 0), found.get("faults", 0), found.get("unknown", {}), found.get("lost", {})
        ),
    ),
}
KINDS = frozenset(_KINDS)
