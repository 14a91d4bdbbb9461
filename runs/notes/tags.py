"""The tags that members give a run, as they write them: a line for each, `name = value`."""

from __future__ import annotations

from collections.abc import Mapping

MAX_TAGS = 20
LONGEST_NAME, LONGEST_VALUE = 100, 500
# Mantik's own, and MLflow's.
_RESERVED = ("mantik.", "mlflow.")


class BadTags(ValueError):
    """The text tells the person who typed them what is wrong."""


def parse(text: str) -> dict[str, str]:
    """The tags of `text`, in its order. Without a value the name alone is the tag. Raises BadTags."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, value = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if problem := _problem(name, value, found):
            raise BadTags(f"Line {number}: {problem}")
        found[name] = value
    if len(found) > MAX_TAGS:
        raise BadTags(f"These are {len(found)} tags. A run has at most {MAX_TAGS}. Leave some out.")
    return found


def as_text(tags: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {value}" if value else name for name, value in tags.items())


def _problem(name: str, value: str, found: Mapping[str, str]) -> str:
    if not name:
        return "Before “=” the name of the tag is missing. Write it as name = value."
    if len(name) > LONGEST_NAME:
        return f"The name {name[:30]}… is longer than {LONGEST_NAME} characters. Shorten it."
    if len(value) > LONGEST_VALUE:
        return f"The value of {name} is longer than {LONGEST_VALUE} characters. Write it in the notes instead."
    if name.lower().startswith(_RESERVED):
        return f"Tags that begin with {name.partition('.')[0]}. are not for members. Choose another name than {name}."
    if name in found:
        return f"The tag {name} is there twice. Leave one out."
    return ""
