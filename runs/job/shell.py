"""Quotes text of users for a bash script, so that bash reads exactly that text."""

from __future__ import annotations

import re
import shlex

from runs.backend_config.variables import PLAIN_VARIABLE

# Signs of "$NAME", "$(command)", "${NAME}" or a backtick: the value is meant to be expanded on the node.
_EXPANDS = re.compile(r"[$`]")


def expands(text: str) -> bool:
    return bool(_EXPANDS.search(text))


def quoted(text: str) -> str:
    """The text as one word of a command, taken literally."""
    return shlex.quote(text)


def word(text: str) -> str:
    """The text as one word of a command, in which only `$NAME` and `${NAME}` are expanded."""
    if not PLAIN_VARIABLE.search(text):
        return quoted(text)
    pieces, end = [], 0
    for match in PLAIN_VARIABLE.finditer(text):
        pieces += [_inside_quotes(text[end : match.start()]), match.group()]
        end = match.end()
    return '"' + "".join(pieces) + _inside_quotes(text[end:]) + '"'


def _inside_quotes(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)


def heredoc(command: str, text: str) -> str:
    """Lines that run `command` with the text as its standard input, unchanged and readable."""
    mark = "MANTIK_END"
    while mark in text.splitlines():
        mark += "_"
    return f"{command} <<'{mark}'\n{text}\n{mark}\n"


def one_line(text: str) -> str:
    """The text without anything that could end a comment or an echo."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())
