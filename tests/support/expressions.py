"""Regular expressions against texts that are made to be slow: `python -m tests.support.expressions`, in a process that
is ended when it has used too much processor time.

Reads a JSON list of {"pattern", "flags", "is_bytes", "methods", "letters"}, and writes the places in it of those that
were too slow. The texts follow from the pattern: whatever it repeats, again and again, after what has to come before.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# Of an expression for one text: four millionths of a second for each letter, which is much.
CPU_SECONDS = 0.4
# In these an expression often stops, or goes back to try something else.
_ENDS = ("", "\0", "\n", "=")
_USUAL = ("a", "0", " ", "\n", "a.", "a ", "a=", '"\\', "://")
_CLASSES = {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}
_OTHERS = {"CATEGORY_NOT_DIGIT": "a", "CATEGORY_NOT_SPACE": "a", "CATEGORY_NOT_WORD": " "}


def main() -> None:
    asked = json.load(sys.stdin)
    json.dump([place for place, expression in enumerate(asked) if not _is_quick(expression)], sys.stdout)


def _is_quick(expression: dict[str, Any]) -> bool:
    child = os.fork()
    if not child:
        _try(expression)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _try(expression: dict[str, Any]) -> None:
    pattern = expression["pattern"].encode("latin-1") if expression["is_bytes"] else expression["pattern"]
    compiled = re.compile(pattern, expression["flags"])
    for text in texts(expression["pattern"], expression["flags"], expression["letters"]):
        subject = text.encode("latin-1", "replace") if expression["is_bytes"] else text
        for method in expression["methods"]:
            # Ends this process: an expression lets no handler run before it is done.
            signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
            if method in ("match", "fullmatch"):
                getattr(compiled, method)(subject)
            else:
                for _ in compiled.finditer(subject):
                    pass


def texts(pattern: str, flags: int, letters: int) -> Iterator[str]:
    """Each of about so many letters."""
    parsed = parser.parse(pattern, flags & ~re.DEBUG)
    units = dict.fromkeys(_USUAL)
    for before, body in [("", _sample(parsed)), *_repeated(parsed, "")]:
        # With signs between them, each is the beginning of a word.
        units |= dict.fromkeys((body, before, before + body, f"{before}.", f"{before + body} "))
        for end in _ENDS if body else ():
            yield before + body * (letters // len(body)) + end
    for unit in filter(None, units):
        yield unit * (letters // len(unit)) + "\0"


def _repeated(items: Any, before: str) -> Iterator[tuple[str, str]]:
    """What has to come before each repetition in the pattern, and each text that it repeats."""
    for code, argument in items:
        name = str(code)
        if "REPEAT" in name:
            _, most, body = argument
            if most > 8:
                yield from ((before, choice) for choice in _choices(body) if choice)
            yield from _repeated(body, before)
        elif name in ("SUBPATTERN", "ATOMIC_GROUP", "ASSERT", "ASSERT_NOT"):
            yield from _repeated(_inside(name, argument), before)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from _repeated(branch, before)
        before += _sample([(code, argument)])


def _choices(items: Any) -> list[str]:
    """Some of the texts that match."""
    if len(items) == 1:
        code, argument = items[0]
        name = str(code)
        if name == "IN":
            return _letters(argument)
        if name == "BRANCH":
            return [choice for branch in argument[1] for choice in _choices(branch)]
        if name in ("SUBPATTERN", "ATOMIC_GROUP"):
            return _choices(_inside(name, argument))
    return [_sample(items)]


def _sample(items: Any) -> str:
    return "".join(_of(str(code), argument) for code, argument in items)


def _of(name: str, argument: Any) -> str:
    if name == "LITERAL":
        return chr(argument)
    if name == "NOT_LITERAL":
        return "a" if argument != ord("a") else "b"
    if name == "ANY":
        return "a"
    if name == "IN":
        return _letters(argument)[0]
    if name == "BRANCH":
        return _sample(argument[1][0])
    if name in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _sample(_inside(name, argument))
    if "REPEAT" in name:
        least, most, body = argument
        return _sample(body) * max(int(least), min(1, int(most)))
    return ""


def _inside(name: str, argument: Any) -> Any:
    return argument if name == "ATOMIC_GROUP" else argument[-1]


def _letters(items: Any) -> list[str]:
    if items and items[0][0] is codes.NEGATE:
        barred = re.compile("|".join(re.escape(letter) for letter in _letters(items[1:])) or r"(?!)")
        return [letter for letter in ("a", "0", ".", "<") if not barred.fullmatch(letter)] or ["a"]
    found = []
    for code, argument in items:
        name = str(code)
        if name == "LITERAL":
            found.append(chr(argument))
        elif name == "RANGE":
            found.append(chr(argument[0]))
        elif name == "CATEGORY":
            found.append((_CLASSES | _OTHERS)[str(argument)])
    return found or ["a"]


if __name__ == "__main__":
    main()
