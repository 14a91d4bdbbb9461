"""The values of a request, taken from it one by one: what is handed on to MLflow is written anew from these.

MLflow reads the fields of a request from the address or from the body, under two spellings (`run_id`, `runId`). A
request that could be read in two ways is refused, so that what was checked here is what MLflow acts upon. Fields that
are not known here are left out, as MLflow itself ignores those that it does not know.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

# Checks a value that was sent under a name, and returns what is handed on. Raises Unclear.
Shape = Callable[[Any, str], Any]
# The fields that a call knows, each with its shape.
Fields = Mapping[str, Shape]

# Numbers that JSON has no digits for, as protobuf writes them.
_NO_DIGITS = {"NaN", "Infinity", "-Infinity"}
_WHOLE = re.compile(r"-?\d{1,19}")
_MOST_ITEMS = 10_000
_BEYOND_64_BITS = 2**63


class Unclear(Exception):
    """The request cannot be read, or can be read in two ways; the text says how."""


# Shapes


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise Unclear(f"{name} has to be a text.")
    if "\0" in value:
        raise Unclear(f"{name} holds a character that cannot be stored (NUL).")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unclear(f"{name} holds half of a character.") from None
    return value


def at_most(length: int) -> Shape:
    """A text that the databases behind have room for."""

    def short(value: Any, name: str) -> str:
        given: str = text(value, name)
        if len(given) > length:
            raise Unclear(f"{name} has {len(given)} characters. Send {length} at most.")
        return given

    return short


def whole(value: Any, name: str) -> int:
    """A whole number of 64 bits, which protobuf may write as a text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -_BEYOND_64_BITS <= value < _BEYOND_64_BITS:
        raise Unclear(f"{name} has to be a whole number.")
    return value


def number(value: Any, name: str) -> float | str:
    if isinstance(value, str) and value in _NO_DIGITS:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unclear(f"{name} has to be a number.")
    # JSON has digits for more than what 64 bits can hold.
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise Unclear(f"{name} is too large for a number of 64 bits. Infinity is written as a word.")
    return value


def flag(value: Any, name: str) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise Unclear(f"{name} has to be true or false.")
    return value


@dataclass(frozen=True)
class many:  # noqa: N801 - used like the shapes that are functions
    """A list of values of one shape."""

    shape: Shape

    def __call__(self, value: Any, name: str) -> list[Any]:
        if not isinstance(value, list):
            raise Unclear(f"{name} has to be a list.")
        if len(value) > _MOST_ITEMS:
            raise Unclear(f"{name} has {len(value)} entries. Send {_MOST_ITEMS} at most.")
        return [self.shape(item, f"{name}[{index}]") for index, item in enumerate(value)]


def parts(fields: Fields) -> Shape:
    def shaped_object(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Unclear(f"{name} has to be an object.")
        return shaped(value, fields, within=f"{name}.")

    return shaped_object


def shaped(values: Mapping[str, Any], fields: Fields, *, within: str = "") -> dict[str, Any]:
    """The known fields of `values` that have a value, by their names with underscores. Raises Unclear."""
    found = {}
    for name, shape in fields.items():
        given = [spelling for spelling in _spellings(name) if values.get(spelling) is not None]
        if len(given) > 1:
            raise Unclear(f"{within}{name} is there twice, as {' and '.join(given)}. Send it once.")
        if given:
            found[name] = shape(values[given[0]], f"{within}{name}")
    return found


def _spellings(name: str) -> tuple[str, ...]:
    head, *rest = name.split("_")
    camel = head + "".join(part.capitalize() for part in rest)
    return (name,) if camel == name else (name, camel)


# Requests


def fields_of(request: HttpRequest, fields: Fields) -> dict[str, Any]:
    """The fields of a request: of its address if it is a GET, which then has no body, and of its body otherwise."""
    if request.method == "GET":
        return shaped(_of_address(request, fields), fields)
    if request.GET:
        raise Unclear("This call takes its fields from the body. Send nothing in the address.")
    return shaped(_of_body(request), fields)


def _of_address(request: HttpRequest, fields: Fields) -> dict[str, Any]:
    if has_body(request):
        raise Unclear("This call takes its fields from the address. Send it without a body.")
    # Only these may be in the address several times.
    lists = {spelling for name, shape in fields.items() if isinstance(shape, many) for spelling in _spellings(name)}
    found: dict[str, Any] = {}
    for name, values in request.GET.lists():
        if len(values) > 1 and name not in lists:
            raise Unclear(f"{name} is in the address {len(values)} times. Send it once.")
        found[name] = values if name in lists else values[0]
    return found


def has_body(request: HttpRequest) -> bool:
    return request.headers.get("Content-Length", "0") not in ("", "0") or "Transfer-Encoding" in request.headers


def _of_body(request: HttpRequest) -> dict[str, Any]:
    if request.content_type not in ("application/json", ""):
        raise Unclear("The body has to be JSON, with Content-Type: application/json.")
    try:
        body = json.loads(request.body or b"{}", object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unclear("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Unclear("The body has to be a JSON object.")
    return body


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Unclear(f"{name} is in the body twice. Send it once.")
        found[name] = value
    return found


def _no_constant(name: str) -> str:
    """NaN and the infinities, which some clients write without quotes."""
    return name
