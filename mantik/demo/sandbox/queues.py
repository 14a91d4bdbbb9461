"""The queues of the site, what may be asked of each, and the check of a job's request against them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_FILE = Path(__file__).with_name("idb.json")

_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SECONDS = {"": 1, "S": 1, "SEC": 1, "M": 60, "MIN": 60, "H": 3600, "D": 86400}
_QUANTITY = re.compile(r"(\d+)\s*([A-Za-z]*)")
_RANGE = re.compile(r"(?P<low>[^-:]+)-(?P<high>[^-:]+)(?::(?P<default>.+))?")
_ALIASES = {"Memory": "MemoryPerNode"}
# Passed on to the batch system as they are, never checked against a queue.
_UNCHECKED = {"Reservation", "NodeConstraints", "QoS", "Exclusive", "ArraySize", "ArrayLimit"}


_NUMBERS = ("Runtime", "Nodes", "CPUsPerNode", "TotalCPUs", "GPUsPerNode", "MemoryPerNode")
# If a job asks for one of these, it says how many processors it wants: no default fills in the others.
_PROCESSORS = {"Nodes", "CPUsPerNode", "TotalCPUs"}


class ResourceUnreadable(Exception):
    """A number of the request is no number; the message is for the job's status."""


class ResourceRefused(Exception):
    """The job asks for something its queue does not have; the message is the server's own wording."""


@dataclass(frozen=True)
class Amount:
    """A whole number between two bounds, in seconds, bytes or pieces."""

    low: int
    high: int
    default: int | None

    def shown(self) -> str:
        return f"{self.low}-{self.high}"

    def accept(self, name: str, value: str) -> str:
        number = read_number(name, value)
        if not self.low <= number <= self.high:
            raise ResourceRefused(f"Resource request <{name}={number}> is out of range.")
        return str(number)


@dataclass(frozen=True)
class Choice:
    """One of a few texts."""

    values: tuple[str, ...]
    default: str | None

    def shown(self) -> list[str]:
        return list(self.values)

    def accept(self, name: str, value: str) -> str:
        if value not in self.values:
            raise ResourceRefused(f"Resource request <{name}={value}> is out of range.")
        return value


Resource = Amount | Choice


@dataclass(frozen=True)
class Queues:
    """Every queue by name, and the applications that are installed."""

    queues: Mapping[str, Mapping[str, Resource]]
    default: str
    applications: Mapping[tuple[str, str], str]

    def resolve(self, asked: Mapping[str, Any], project: str | None) -> dict[str, str]:
        """The complete request of a job: what it asked for, checked, and the queue's own defaults.

        Raises `ResourceRefused` and `ResourceUnreadable`.
        """
        wanted = _by_name(asked)
        if project:
            wanted["Project"] = project
        queue = wanted.pop("Queue", self.default)
        if queue not in self.queues:
            raise ResourceRefused(f"Resource request <Queue = {queue}> is out of range.")
        return {"Queue": queue} | self._defaults(queue, wanted) | self._accepted(queue, wanted)

    def _defaults(self, queue: str, wanted: Mapping[str, str]) -> dict[str, str]:
        left_out = _PROCESSORS if _PROCESSORS & wanted.keys() else set()
        offered = self.queues[queue].items()
        return {n: str(res.default) for n, res in offered if res.default is not None and n not in left_out}

    def _accepted(self, queue: str, wanted: Mapping[str, str]) -> dict[str, str]:
        accepted = {}
        for name, value in wanted.items():
            resource = self.queues[queue].get(name)
            if resource is None and name not in _UNCHECKED:
                raise ResourceRefused(f"Resource <{name}> is not available for partition <{queue}>")
            accepted[name] = resource.accept(name, value) if resource else value
        return accepted

    def application(self, name: str, version: str | None) -> str | None:
        """The executable of an installed application; any version if none is asked for."""
        for (known, its_version), executable in self.applications.items():
            if known == name and version in {None, "", its_version}:
                return executable
        return None

    def shown(self) -> dict[str, dict[str, str | list[str]]]:
        """What a client may ask for, as `GET sites/<id>` lists it."""
        return {
            queue: {name: resource.shown() for name, resource in resources.items()}
            for queue, resources in self.queues.items()
        }


def check_numbers(asked: Mapping[str, Any]) -> None:
    """Raises `ResourceUnreadable` for a number that is none, whatever the queue."""
    for name, value in _by_name(asked).items():
        if name in _NUMBERS:
            read_number(name, value)


def read_number(name: str, text: str) -> int:
    """Seconds, bytes or pieces. Raises `ResourceUnreadable`."""
    number = _number(name, text)
    if number is None:
        raise ResourceUnreadable(f"Could not parse requested resource <{name}>: not a parsable value: {text}")
    return number


def _by_name(asked: Mapping[str, Any]) -> dict[str, str]:
    return {_ALIASES.get(name, name): str(value) for name, value in asked.items()}


def read_queues(path: Path = DEFAULT_FILE) -> Queues:
    """Queues from a file in UNICORE's own incarnation database format (its JSON form). Raises `ValueError`."""
    document = json.loads(path.read_text(encoding="utf-8"))
    partitions = document["Partitions"]
    queues = {
        name: {key: _resource(key, spec) for key, spec in partition["Resources"].items()}
        for name, partition in partitions.items()
    }
    marked = [name for name, partition in partitions.items() if _is_true(partition.get("IsDefaultPartition"))]
    applications = {(a["Name"], a["Version"]): a["Executable"] for a in document.get("Applications", [])}
    return Queues(queues, (marked or list(queues))[0], applications)


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


def _resource(name: str, spec: Any) -> Resource:
    if isinstance(spec, Mapping):
        allowed: Sequence[str] = spec["AllowedValues"]
        return Choice(tuple(allowed), spec.get("Default"))
    found = _RANGE.fullmatch(str(spec))
    low, high = (_number(name, found[part]) if found else None for part in ("low", "high"))
    if found is None or low is None or high is None:
        raise ValueError(f'The resource {name} has the range "{spec}"; write it like "1-4:1".')
    return Amount(low, high, _number(name, found["default"]) if found["default"] else None)


def _number(name: str, text: str) -> int | None:
    """Seconds for a run time, bytes for memory, a plain number otherwise; None if it is none of them."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return None
    units = _SECONDS if name == "Runtime" else _BYTES
    factor = units.get(found[2].upper())
    return None if factor is None else int(found[1]) * factor
