"""The signature of a model as tables. A job wrote it and it may hold anything; only short texts come out of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 200
_LONGEST = 200
_DEEPEST = 4


@dataclass(frozen=True)
class Field:
    """One column, tensor or parameter. `note`: its shape, its default, or that it is optional."""

    name: str
    type: str
    note: str


@dataclass(frozen=True)
class Part:
    """`left_out`: how many more there are."""

    title: str
    fields: list[Field]
    left_out: int


def signature_parts(signature: Mapping[str, Any]) -> list[Part]:
    """Inputs, outputs and parameters, those that the model has."""
    titles = {"inputs": "Inputs", "outputs": "Outputs", "params": "Parameters"}
    found = {key: signature.get(key) for key in titles}
    return [_part(titles[key], columns) for key, columns in found.items() if isinstance(columns, list) and columns]


def _part(title: str, columns: list[Any]) -> Part:
    fields = [_field(column, number) for number, column in enumerate(columns[:MOST_ROWS], start=1)]
    return Part(title, fields, len(columns) - len(fields))


def _field(column: object, number: int) -> Field:
    if not isinstance(column, Mapping):
        return Field(f"{number}", _short(column), "")
    name = column.get("name")
    return Field(_short(name) if name not in (None, "") else f"{number}", type_of(column), _note(column))


def type_of(column: Mapping[str, Any], depth: int = 0) -> str:
    """ "double", "float32 tensor", "array of string"."""
    kind = _short(column.get("type", ""))
    if kind == "tensor":
        return f"{_short(_tensor(column).get('dtype', ''))} tensor".strip()
    if depth >= _DEEPEST:
        return kind
    for word, key in (("array", "items"), ("map", "values")):
        inner = column.get(key)
        if kind == word and isinstance(inner, Mapping):
            return f"{word} of {type_of(inner, depth + 1)}"
    properties = column.get("properties")
    if kind == "object" and isinstance(properties, Mapping):
        parts = [f"{_short(name)}: {_inner(value, depth)}" for name, value in list(properties.items())[:20]]
        return f"object ({', '.join(parts)})"
    return kind or "not said"


def _inner(value: object, depth: int) -> str:
    return type_of(value, depth + 1) if isinstance(value, Mapping) else "not said"


def _note(column: Mapping[str, Any]) -> str:
    shape = _tensor(column).get("shape") if column.get("type") == "tensor" else column.get("shape")
    notes = []
    if isinstance(shape, list):
        notes.append("shape " + " x ".join("any" if size == -1 else _short(size) for size in shape[:20]))
    if "default" in column:
        notes.append(f"default {_short(column['default'])}")
    if column.get("required") is False:
        notes.append("optional")
    return ", ".join(notes)


def _tensor(column: Mapping[str, Any]) -> Mapping[str, Any]:
    found = column.get("tensor-spec")
    return found if isinstance(found, Mapping) else {}


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
