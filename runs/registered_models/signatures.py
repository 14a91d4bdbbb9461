"""Turns a model's signature into tables. A job wrote it, so it may hold anything; only short texts are let through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# How many columns, tensors or parameters a table shows.
FIELDS_SHOWN = 200
PROPERTIES_SHOWN = 20
_LONGEST_TEXT = 200
# How many levels of arrays, maps and objects the name of a type shows.
_TYPE_LEVELS = 4


@dataclass(frozen=True)
class Field:
    """One column, tensor or parameter. `note`: its shape, its default, or that it is optional."""

    name: str
    type: str
    note: str


@dataclass(frozen=True)
class Part:
    """One table. `left_out`: how many more fields there are."""

    title: str
    fields: list[Field]
    left_out: int


def signature_parts(signature: Mapping[str, Any]) -> list[Part]:
    """The tables of inputs, outputs and parameters, without those that the model does not have."""
    titles = {"inputs": "Inputs", "outputs": "Outputs", "params": "Parameters"}
    found = {key: signature.get(key) for key in titles}
    return [_part(titles[key], columns) for key, columns in found.items() if isinstance(columns, list) and columns]


def _part(title: str, columns: list[Any]) -> Part:
    fields = [_field(column, number) for number, column in enumerate(columns[:FIELDS_SHOWN], start=1)]
    return Part(title, fields, len(columns) - len(fields))


def _field(column: object, number: int) -> Field:
    if not isinstance(column, Mapping):
        return Field(f"{number}", _short(column), "")
    name = column.get("name")
    return Field(_short(name) if name not in (None, "") else f"{number}", type_of(column), _note(column))


def type_of(column: Mapping[str, Any], depth: int = 0) -> str:
    """The type in words: "double", "float32 tensor", "array of string"."""
    kind = _short(column.get("type", ""))
    if kind == "tensor":
        return f"{_short(_tensor(column).get('dtype', ''))} tensor".strip()
    if depth >= _TYPE_LEVELS:
        return kind
    for word, key in (("array", "items"), ("map", "values")):
        inner = column.get(key)
        if kind == word and isinstance(inner, Mapping):
            return f"{word} of {type_of(inner, depth + 1)}"
    properties = column.get("properties")
    if kind == "object" and isinstance(properties, Mapping):
        parts = [
            f"{_short(name)}: {_inner(value, depth)}" for name, value in list(properties.items())[:PROPERTIES_SHOWN]
        ]
        parts += [f"and {left_out} more" for left_out in [len(properties) - PROPERTIES_SHOWN] if left_out > 0]
        return f"object ({', '.join(parts)})"
    return kind or "not given"


def _inner(value: object, depth: int) -> str:
    return type_of(value, depth + 1) if isinstance(value, Mapping) else "not given"


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
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
