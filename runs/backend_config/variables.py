"""`$NAME` and `${NAME}` in a value of the config: the compute node replaces them, and no other sign of the shell."""

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
    """Only the node knows whether such a path is absolute."""
    return PLAIN_VARIABLE.match(text) is not None


def with_home(text: str) -> str:
    """`~` and `~/…` as a shell reads them at the start of a word: the home folder on the node."""
    return "$HOME" + text[1:] if text == "~" or text.startswith("~/") else text


def shell_fault(text: str) -> str | None:
    """The end of a sentence that begins with 'has <text>, ', for what a shell would replace and we do not."""
    if _COMMAND.search(text):
        return COMMAND_FAULT
    if "${" in PLAIN_VARIABLE.sub("", text):
        return f"but only $NAME and ${{NAME}} are replaced there. {_REMEDY}"
    return None
