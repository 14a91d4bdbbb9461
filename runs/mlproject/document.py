"""Reads YAML and JSON files of a code repository within limits, as anybody may have written them.

Differs from plain `yaml.safe_load` where its results would surprise: duplicate keys (unless the caller asks for them),
explicit tags and keys that are not text are refused; `1:30`, `012` and `2024-01-31` stay text instead of becoming 90,
10 and a date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from runs.mlproject.wording import kind_of, shortened

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20
MAX_NODES = 5_000
MAX_ALIASES = 100

_TAG = "tag:yaml.org,2002:"
# Longer hexadecimal and binary numbers stay text: Python would read them and then refuse to write them.
_INT = re.compile(r"^(?:[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F][0-9a-fA-F_]{0,63}|0b[01][01_]{0,255})$")
_FLOAT = re.compile(
    r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


class DocumentError(Exception):
    """The file cannot be read at all. `message` is a sentence that names the file."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class RepeatedKey:
    """A key that its mapping already has, and the line of the file where it is repeated."""

    key: str
    line: int


def read_yaml(content: bytes, *, path: str, repeated: list[RepeatedKey] | None = None) -> dict[str, Any]:
    """The mapping at the top of a YAML file. Raises DocumentError.

    The same key twice in one mapping is refused. With a list `repeated` the key is added to it instead, and its last
    value counts.
    """
    return _top_mapping(_load_yaml(_text(content, path), path, repeated), path)


def read_json(content: bytes, *, path: str) -> dict[str, Any]:
    """The mapping at the top of a JSON file. Raises DocumentError."""
    return _top_mapping(_load_json(_text(content, path), path), path)


def _text(content: bytes, path: str) -> str:
    if len(content) > MAX_BYTES:
        raise DocumentError(
            f"{path} has {len(content):,} bytes; at most {MAX_BYTES:,} are allowed. Make the file smaller."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{path} is not UTF-8 text (byte {error.start}). Save it in UTF-8, or choose another file."
        ) from None


def _top_mapping(value: object, path: str) -> dict[str, Any]:
    if value is None:
        raise DocumentError(f"{path} is empty. Fill it in, or choose another file.")
    if not isinstance(value, dict):
        raise DocumentError(
            f"{path} has {kind_of(value)} at the top level. Write a mapping there: lines that begin with 'key: '."
        )
    _check_texts(value, path)
    return value


def _check_texts(value: object, path: str) -> None:
    """Refuse characters that a shell or a database cannot store."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_texts(key, path)
            _check_texts(item, path)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item, path)
    elif isinstance(value, str) and ("\0" in value or any("\ud800" <= char <= "\udfff" for char in value)):
        raise DocumentError(f"{path} has a character in '{shortened(value)}' that is not text. Remove it.")


# YAML


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader with limits. `path` and the counters are set by `_load_yaml`."""

    path = ""
    depth = 0
    nodes = 0
    aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._count(event)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _count(self, event: Any) -> None:
        self.nodes += 1
        self.aliases += isinstance(event, yaml.AliasEvent)
        if self.depth >= MAX_DEPTH:
            _refuse(self.path, event, f"is nested deeper than {MAX_DEPTH} levels", "Flatten it")
        if self.nodes > MAX_NODES:
            _refuse(self.path, event, f"has more than {MAX_NODES:,} values", "Make the file smaller")
        if self.aliases > MAX_ALIASES:
            _refuse(self.path, event, f"has more than {MAX_ALIASES} aliases", "Write the values out")
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", _TAG + "str"):
            short = tag.replace(_TAG, "!!")
            _refuse(self.path, event, f"uses the YAML tag {shortened(short)}", "Write a plain value")


def _set_resolvers() -> None:
    kept = {
        first: [(tag, pattern) for tag, pattern in pairs if tag.removeprefix(_TAG) in ("bool", "null", "merge")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    _StrictLoader.yaml_implicit_resolvers = kept
    _StrictLoader.add_implicit_resolver(_TAG + "int", _INT, list("-+0123456789"))
    _StrictLoader.add_implicit_resolver(_TAG + "float", _FLOAT, list("-+0123456789."))


_set_resolvers()


def _load_yaml(text: str, path: str, repeated: list[RepeatedKey] | None) -> object:
    loader = None
    try:
        loader = _StrictLoader(text)
        loader.path = path
        node = loader.get_single_node()
        if node is None:
            return None
        _Weight(path, repeated).of(node)
        return loader.construct_document(node)
    except yaml.YAMLError as error:
        raise DocumentError(_yaml_sentence(error, path)) from None
    except ValueError:
        raise DocumentError(f"{path} has a number that is too long. Shorten it, or put it in quotes.") from None
    finally:
        if loader is not None:
            loader.dispose()


def _yaml_sentence(error: yaml.YAMLError, path: str) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return f"{path} is not valid YAML: it has characters that are not text. Remove them."
    mark = error.problem_mark
    problem = error.problem or error.context or "it cannot be read"
    if "'\\t'" in problem:
        return f"{path} is indented with a tab in line {mark.line + 1}. YAML needs spaces there."
    where = f"line {mark.line + 1}, column {mark.column + 1}"
    return f"{path} is not valid YAML in {where}: {shortened(problem, 160)}. Correct that line."


def _refuse(path: str, at: Any, what: str, remedy: str) -> NoReturn:
    raise DocumentError(f"{path} {what} (line {at.start_mark.line + 1}). {remedy}.")


class _Weight:
    """Checks keys, and the size of the document with its aliases written out. Refuses aliases in a circle."""

    def __init__(self, path: str, repeated: list[RepeatedKey] | None) -> None:
        self.path = path
        self.repeated = repeated
        self.known: dict[int, tuple[int, int]] = {}
        self.open: set[int] = set()

    def of(self, node: Any) -> tuple[int, int]:
        """How many values and levels the node has. Raises DocumentError."""
        if id(node) in self.open:
            _refuse(self.path, node, "has an alias that contains itself", "Write the values out")
        if id(node) not in self.known:
            self.open.add(id(node))
            self.known[id(node)] = self._weigh(node)
            self.open.discard(id(node))
        return self.known[id(node)]

    def _weigh(self, node: Any) -> tuple[int, int]:
        parts = [self.of(child) for child in self._children(node)]
        count = 1 + sum(part[0] for part in parts)
        levels = 1 + max((part[1] for part in parts), default=0)
        if count > MAX_NODES or levels > MAX_DEPTH:
            _refuse(self.path, node, "grows too large when its aliases are written out", "Write the values out")
        return count, levels

    def _children(self, node: Any) -> list[Any]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if not isinstance(node, yaml.MappingNode):
            return []
        keys: set[str] = set()
        for key, _value in node.value:
            self._check_key(key, keys)
        return [value for _key, value in node.value]

    def _check_key(self, key: Any, keys: set[str]) -> None:
        if not isinstance(key, yaml.ScalarNode):
            _refuse(self.path, key, "uses a list or a mapping as a key", "Keys are plain text")
        if key.tag not in (_TAG + "str", _TAG + "merge"):
            _refuse(
                self.path,
                key,
                f"has the key {shortened(key.value)}, which YAML does not read as text",
                "Put it in quotes",
            )
        if key.value in keys:
            self._report_repeated(key)
        keys.add(key.value)

    def _report_repeated(self, key: Any) -> None:
        # A repeated merge (`<<`) is always refused: both would count, not only the last one.
        if self.repeated is None or key.tag == _TAG + "merge":
            _refuse(
                self.path,
                key,
                f"has the key '{shortened(key.value)}' twice in one mapping",
                "Remove one of them",
            )
        self.repeated.append(RepeatedKey(key.value, key.start_mark.line + 1))


# JSON


def _load_json(text: str, path: str) -> object:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                raise DocumentError(f"{path} has the key '{shortened(key)}' twice in one mapping. Remove one of them.")
            found[key] = value
        return found

    def constant(word: str) -> NoReturn:
        raise DocumentError(f"{path} has the value {word}, which JSON does not know. Put it in quotes.")

    if not text.strip():
        return None
    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise DocumentError(f"{path} is not valid JSON in {where}: {error.msg}. Correct that line.") from None
    except ValueError:
        raise DocumentError(f"{path} has a number that is too long. Shorten it, or put it in quotes.") from None
    except RecursionError:
        raise DocumentError(f"{path} is nested deeper than {MAX_DEPTH} levels. Flatten it.") from None
    _check_depth(value, path)
    return value


def _check_depth(value: object, path: str) -> None:
    level, nodes = [value], 0
    for _depth in range(MAX_DEPTH):
        nodes += len(level)
        level = [child for item in level for child in _json_children(item)]
        if nodes > MAX_NODES:
            raise DocumentError(f"{path} has more than {MAX_NODES:,} values. Make the file smaller.")
    if level:
        raise DocumentError(f"{path} is nested deeper than {MAX_DEPTH} levels. Flatten it.")


def _json_children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
