"""Reads one section of a config file field by field, and reports everything that is wrong with it at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runs.backend_config.legacy import NEIGHBOURS, legacy_remedy
from runs.mlproject.problem import Report
from runs.mlproject.wording import closest, kind_of, listed, shortened, shown

MAX_COUNT = 1_000_000
MAX_TEXT = 1_024
MAX_COMMAND = 16_384


class Section:
    """A mapping in the file. Every `take_…` method marks its key as known; `finish` warns of the other keys.

    A key without a value (`Nodes:` and nothing after it) counts as absent, with a warning.
    """

    def __init__(self, values: Mapping[str, Any], at: str, report: Report) -> None:
        self.values = values
        self.at = at
        self.report = report
        self.known: list[str] = []

    def key(self, name: str) -> str:
        return f"{self.at}.{name}" if self.at else name

    def problem(self, name: str, rest: str) -> None:
        """Report a sentence that begins with the key: `Resources.Nodes <rest>`."""
        self.report.problem(self.key(name), f"{self.key(name)} {rest}")

    def warn(self, name: str, rest: str) -> None:
        self.report.warn(self.key(name), f"{self.key(name)} {rest}")

    def take(self, name: str) -> Any:
        """The raw value, or None."""
        self.known.append(name)
        value = self.values.get(name)
        if value is None and name in self.values:
            self.warn(name, "has no value and is ignored. Add a value, or remove the line.")
        return value

    def take_required(self, name: str, example: str) -> Any:
        self.known.append(name)
        value = self.values.get(name)
        if value is None:
            state = "has no value" if name in self.values else "is missing"
            self.problem(name, f"{state}. {self._misspelled(name) or example}")
        return value

    def take_text(self, name: str, *, example: str = "", required: bool = False) -> str | None:
        """One line of text. Numbers are taken as they are written."""
        value = self.take_required(name, example) if required else self.take(name)
        if value is None:
            return None
        if isinstance(value, bool):
            self.problem(name, f"is {shown(value)}, but has to be text. If that is the name, put it in quotes.")
            return None
        if not isinstance(value, str | int | float):
            self.problem(name, f"is {kind_of(value)}, but has to be text. {example}".rstrip())
            return None
        return self._one_line(name, str(value).strip(), example)

    def _one_line(self, name: str, text: str, example: str) -> str | None:
        if not text:
            self.problem(name, f"is an empty text. {example or 'Add a value, or remove the line.'}")
        elif not text.isprintable():
            self.problem(name, f"is {shown(text)}, which contains a line break or a control character. Remove it.")
        elif len(text) > MAX_TEXT:
            self.problem(name, f"has {len(text):,} characters; at most {MAX_TEXT:,} are allowed. Shorten it.")
        else:
            return text
        return None

    def take_count(self, name: str, *, least: int = 1) -> int | None:
        """A whole number from `least` on. Digits in quotes and 2.0 are understood."""
        value = self.take(name)
        if value is None:
            return None
        number = _whole(value)
        if number is None:
            self.problem(name, f"is {shown(value)}, but has to be a whole number. Write, for example, {max(least, 1)}.")
        elif number < least:
            self.problem(name, f"is {number}, but has to be at least {least}. Raise it, or remove the line.")
        elif number > MAX_COUNT:
            self.problem(name, f"is {shortened(str(number))}, but may be at most {MAX_COUNT:,}. Lower it.")
        else:
            return number
        return None

    def take_flag(self, name: str, *, usual: bool) -> bool:
        """True or false; `usual` if the key is absent. The words in quotes are understood."""
        value = self.take(name)
        if value is None:
            return usual
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        if not isinstance(value, bool):
            self.problem(name, f"is {self._odd(value)}, but has to be true or false. Write one of them.")
            return usual
        return value

    def take_texts(self, name: str, *, example: str, single: bool = True) -> tuple[str, ...]:
        """A list of texts; with `single`, one text is a list of one. Blank ends are cut off."""
        value = self.take(name)
        if value is None:
            return ()
        if not single and not isinstance(value, list):
            self.problem(name, f"is {self._odd(value)}, but has to be a list of texts. {example}")
            return ()
        if isinstance(value, dict | bool):
            self.problem(name, f"is {self._odd(value)}, but has to be a text or a list of texts. {example}")
            return ()
        items = value if isinstance(value, list) else [value]
        texts = [self._item(name, position, item, example) for position, item in enumerate(items, start=1)]
        return tuple(text for text in texts if text)

    def _item(self, name: str, position: int, item: object, example: str) -> str | None:
        if item is None:
            self.warn(name, f"has no value in entry {position}, which is ignored. Remove it.")
            return None
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            self.problem(name, f"is {self._odd(item)} in entry {position}, but entries have to be texts. {example}")
            return None
        text = str(item).strip()
        if len(text) > MAX_COMMAND:
            self.problem(name, f"has {len(text):,} characters in entry {position}. Move them to a script.")
            return None
        return text

    def _odd(self, value: object) -> str:
        # A blank after a colon silently makes a mapping out of a command.
        return "a mapping (a text with ': ' in it needs quotes)" if isinstance(value, dict) else shown(value)

    def take_section(self, name: str, *, required: bool = False, example: str = "") -> Section | None:
        value = self.take_required(name, example) if required else self.take(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.problem(name, f"is {shown(value)}, but has to be a mapping of keys. {example}".rstrip())
            return None
        return Section(value, self.key(name), self.report)

    def finish(self) -> None:
        """Warn of every key that nothing has taken, or report it as a problem if earlier versions had it."""
        for name in self.values:
            if name not in self.known:
                self._unknown(name)

    def _unknown(self, name: str) -> None:
        plain = shortened(name)
        remedy = legacy_remedy(self.key(name), self.values[name])
        if remedy:
            self.problem(plain, f"is a key of earlier versions and no longer has an effect. {remedy}")
            return
        elsewhere = NEIGHBOURS.get(name)
        guess = closest(name, self.known)
        if guess:
            hint = f"Did you mean {guess}?"
        elif elsewhere and elsewhere != self.key(name):
            hint = f"Move it to {elsewhere}."
        else:
            hint = f"Known keys here are {listed(self.known, 'and')}."
        self.warn(plain, f"is not a known key and is ignored. {hint}")

    def _misspelled(self, name: str) -> str:
        guess = closest(name, [key for key in self.values if key not in self.known])
        return f"The file has {shortened(guess)}: correct its spelling." if guess else ""


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"\s*[-+]?[0-9]{1,18}\s*", value) else None
    return None
