"""Finds where Python code names an MLflow server of its own: a script, or the cells of a notebook.

The code is a stranger's. So it is split into tokens and not parsed: comments and texts are none of its calls, a version
of Python that we do not have is no obstacle, and no nesting is deep enough to end this process. What is found was
written literally; an address that is put together when the code runs is not.
"""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

# Without one of these in it, code need not be looked at.
SIGNS = (b"tracking_uri", b"MLFLOW_TRACKING_URI")
# Characters of an address that are kept.
LONGEST_ADDRESS = 200
_VARIABLE = "MLFLOW_TRACKING_URI"
_TEXT = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')(.*)\2", re.DOTALL)
# Names in front of the host, which may be a password.
_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")
_SKIPPED = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING})
# From Python 3.12 on, these are around the tokens of an f-string.
_F_START, _F_END = getattr(tokenize, "FSTRING_START", -1), getattr(tokenize, "FSTRING_END", -1)
# What the lines of a cell begin with that are for the notebook itself.
_MAGIC = ("%", "!", "?")


class ServerCall(NamedTuple):
    """`place`: "line 12", or "cell 3, line 2"."""

    place: str
    address: str


class NamedServer(NamedTuple):
    """`place`: in the file at `path`, as "line 12"."""

    path: str
    place: str
    address: str


@dataclass(frozen=True)
class Searched:
    """What a commit has. If it is not `is_whole`, some of its files were not looked at."""

    named: list[NamedServer]
    is_whole: bool

    @property
    def as_json(self) -> dict[str, Any]:
        return {"named": [list(one) for one in self.named], "is_whole": self.is_whole}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Searched:
        return cls([NamedServer(*one) for one in stored["named"]], stored["is_whole"])


def calls_in(path: str, content: bytes) -> list[ServerCall]:
    """Those of a file, in their order."""
    if not any(sign in content for sign in SIGNS):
        return []
    if not path.endswith(".ipynb"):
        text = content.decode("utf-8-sig", "replace")
        return [ServerCall(f"line {line}", address) for line, address in _Source(text).calls()]
    return [
        ServerCall(f"cell {number}, line {line}", address)
        for number, text in _cells(content)
        for line, address in _Source(text).calls()
    ]


def _cells(content: bytes) -> Iterator[tuple[int, str]]:
    """The number and the code of each cell that has code."""
    try:
        cells = json.loads(content)["cells"]
        found = [(number, cell["source"]) for number, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]
        for number, source in found:
            lines = "".join(source).splitlines(keepends=True)
            yield number, "".join("\n" if line.lstrip().startswith(_MAGIC) else line for line in lines)
    except (KeyError, TypeError, ValueError, RecursionError):
        # It is no notebook.
        return


class _Source:
    """The tokens of some code, up to what no Python has."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        # What the names of the code stand for, as far as they were given a text.
        self._names: dict[str, str] = {}

    def calls(self) -> Iterator[tuple[int, str]]:
        """The line and the address of each."""
        # Of each bracket that is open: whether it belongs to a definition, whose texts are only defaults.
        brackets: list[bool] = []
        for index, token in enumerate(self._tokens):
            if token.string in ("(", "[", "{"):
                brackets.append(self._is(index - 2, "def"))
            elif token.string in (")", "]", "}"):
                brackets = brackets[:-1]
            elif token.type == tokenize.NAME:
                address = self._address(index, is_argument=bool(brackets) and not brackets[-1])
                if address:
                    yield token.start[0], _shown(address)

    def _address(self, index: int, *, is_argument: bool) -> str:
        """That which the name at `index` has the code log to; "" if it is about something else."""
        name = self._tokens[index].string
        if name == "set_tracking_uri" and self._is(index + 1, "(") and not self._is(index - 1, "def"):
            after = index + 4 if self._is(index + 2, "uri") and self._is(index + 3, "=") else index + 2
            return self._value(after)
        if name == "environ" and self._are(index + 1, "[") and self._text(index + 2) == _VARIABLE:
            return self._value(index + 5) if self._are(index + 3, "]", "=") else ""
        if not self._is(index + 1, "="):
            return ""
        if is_argument:
            return self._value(index + 2) if name == "tracking_uri" else ""
        self._names[name] = self._text(index + 2) if self._ends(index + 3) else ""
        return ""

    def _value(self, index: int) -> str:
        """A text, with an ellipsis if something is added to it, or what a name stands for."""
        if text := self._text(index):
            return text if self._token(index).type == _F_START or self._ends(index + 1) else f"{text}…"
        token = self._token(index)
        return self._names.get(token.string, "") if token.type == tokenize.NAME and self._ends(index + 1) else ""

    def _ends(self, index: int) -> bool:
        """Whether a value does, just before that token."""
        token = self._token(index)
        return token.type in (tokenize.NEWLINE, tokenize.ENDMARKER) or token.string in (")", ",", ";")

    def _text(self, index: int) -> str:
        """The text that is written there, "" if none is."""
        token = self._token(index)
        if token.type == tokenize.STRING:
            written = token.string
        elif token.type == _F_START:
            written = "".join(self._until_f_end(index))
        else:
            return ""
        found = _TEXT.fullmatch(written)
        return found[3] if found and "b" not in found[1].lower() else ""

    def _until_f_end(self, index: int) -> Iterator[str]:
        for token in self._tokens[index:]:
            yield token.string
            if token.type == _F_END:
                return

    def _are(self, index: int, *strings: str) -> bool:
        return all(self._is(index + more, string) for more, string in enumerate(strings))

    def _is(self, index: int, string: str) -> bool:
        return self._token(index).string == string

    def _token(self, index: int) -> tokenize.TokenInfo:
        return self._tokens[index] if 0 <= index < len(self._tokens) else _NOTHING


_NOTHING = tokenize.TokenInfo(tokenize.ENDMARKER, "", (0, 0), (0, 0), "")


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in _SKIPPED:
                yield token
    except (tokenize.TokenError, SyntaxError):
        return


def _shown(address: str) -> str:
    """Without a login, and as a page and a database can have it."""
    line = "".join(character if character.isprintable() else "?" for character in _LOGIN.sub("", address))
    return line if len(line) <= LONGEST_ADDRESS else line[: LONGEST_ADDRESS - 1] + "…"
