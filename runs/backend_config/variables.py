"""Finds `$NAME` and `${NAME}` in values of the config. The compute node replaces these, and no other shell syntax."""

from __future__ import annotations

import re

PLAIN_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})")
_COMMAND = re.compile(r"\$\(|`")
_REMEDY = "Set the value under Environment.Variables and use it here as $NAME."
COMMAND_FAULT = f"but shell commands are not allowed there. {_REMEDY}"


def variable_names(text: str) -> tuple[str, ...]:
    """The variables that the text needs, each once, in its order."""
    return tuple(dict.fromkeys(found.strip("${}") for found in PLAIN_VARIABLE.findall(text)))


def begins_with_variable(text: str) -> bool:
    """Whether a path begins with a variable, so that only the node knows whether it is absolute."""
    return PLAIN_VARIABLE.match(text) is not None


def with_home(text: str) -> str:
    """The text with a `~` at its start replaced by `$HOME`, as a shell reads `~` and `~/…` at the start of a word."""
    return "$HOME" + text[1:] if text == "~" or text.startswith("~/") else text


def shell_fault(text: str) -> str | None:
    """What is wrong with shell syntax in `text` that Mantik does not replace; None if it has none.

    It is the end of a sentence that begins with 'has <text>, '.
    """
    if _COMMAND.search(text):
        return COMMAND_FAULT
    if "${" in PLAIN_VARIABLE.sub("", text):
        return f"but only $NAME and ${{NAME}} are replaced there. {_REMEDY}"
    return None
