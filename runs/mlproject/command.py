"""Reads and fills in the command template of an entry point, and finds what is wrong with its placeholders."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from runs.mlproject.wording import closest, shortened, some_of

NAME = re.compile(r"[^\W\d][\w-]*")
# How many faults of a command are reported. For each, the parameters are searched for what was meant.
MAX_FAULTS = 10
# How many declared parameters a sentence names.
PARAMETERS_NAMED = 10


@dataclass(frozen=True)
class Placeholder:
    """`{name}` in a command. `quoted`: the author put quotes around it, although Mantik quotes the value itself."""

    name: str
    quoted: bool


@dataclass(frozen=True)
class Template:
    """What a command contains. `faults` are the ends of sentences that begin with the command's key."""

    placeholders: tuple[Placeholder, ...]
    faults: tuple[str, ...]


def inspect_command(command: str, declared: Collection[str]) -> Template:
    """Finds the placeholders of a `str.format` template, as MLflow will fill them in."""
    placeholders: list[Placeholder] = []
    faults: list[str] = []
    quotes = _Quotes()
    try:
        for literal, field, spec, conversion in string.Formatter().parse(command):
            quotes.read(literal)
            if field is None:
                continue
            fault = _fault(literal, field, f"!{conversion}" * bool(conversion) + f":{spec}" * bool(spec), declared)
            if fault:
                faults.append(fault)
                if len(faults) == MAX_FAULTS:
                    break
            else:
                placeholders.append(Placeholder(field, bool(quotes.open)))
    except ValueError:
        faults.append("has a brace without its partner. Write {{ and }} for braces that are not placeholders.")
    return Template(tuple(placeholders), tuple(dict.fromkeys(faults)))


def fill(command: str, quoted_values: Mapping[str, str]) -> str:
    """The command with each placeholder replaced. Values must be quoted for the shell already."""
    return command.format_map(dict(quoted_values))


def _fault(literal: str, field: str, rest: str, declared: Collection[str]) -> str | None:
    written = shortened("{" + field + rest + "}")
    if literal.endswith("$"):
        return f"has ${written}. Write ${{{written}}} for an environment variable, with two braces on each side."
    base = re.split(r"[.\[]", field, maxsplit=1)[0]
    if NAME.fullmatch(base) and base != field:
        return f"has the placeholder {written}. A placeholder is a plain parameter name: write {{{base}}}."
    if not NAME.fullmatch(field):
        return (
            f"has {written}, which is not the name of a parameter. "
            "Write {{ and }} for braces that belong to the shell or to the program."
        )
    if field not in declared:
        return _undeclared(field, written, declared)
    if rest:
        return f"has the placeholder {written}. A placeholder is a plain parameter name: write {{{field}}}."
    return None


def _undeclared(field: str, written: str, declared: Collection[str]) -> str:
    guess = closest(field, declared)
    if guess:
        return f"has the placeholder {written}, which is not a parameter. Did you mean {{{guess}}}?"
    known = f" (declared: {some_of(declared, PARAMETERS_NAMED)})" if declared else ""
    return (
        f"has the placeholder {written}, which is not a parameter{known}. "
        f"Declare it under parameters, or write {{{written}}} if the braces belong to the shell."
    )


class _Quotes:
    """Follows shell quotes through the literal parts of a command. `open` is the quote that is open now, or blank."""

    def __init__(self) -> None:
        self.open = ""

    def read(self, text: str) -> None:
        characters = iter(text)
        for character in characters:
            self._step(character, characters)

    def _step(self, character: str, following: Iterator[str]) -> None:
        if character == "\\" and self.open != "'":
            next(following, None)
        elif self.open:
            self.open = "" if character == self.open else self.open
        elif character in "'\"":
            self.open = character
