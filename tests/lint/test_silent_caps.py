"""No limit cuts in silence: each slice with a fixed end is in `cuts.tsv`, with the sentence that says so, or the reason
why it cuts nothing that a person misses.

The list has a line for each slice in a function: file, function, the slice, "said" or "reason", and words. What is said
has to stand in the code or in a template as it is here; of a sentence with a number in it, its part without.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.support.places import TOP

APPS = ("connections", "mantik", "projects", "runs", "schedules")
# The sandbox site is no part of what people use.
NOT_OURS = "mantik/demo/sandbox/"
LIST = TOP / "tests/lint/cuts.tsv"
Place = tuple[str, str, str]


def listed() -> dict[Place, tuple[str, str]]:
    rows = [line.split("\t") for line in LIST.read_text().splitlines()]
    found = {(file, function, cut): (kind, words) for file, function, cut, kind, words in rows}
    assert len(found) == len(rows), "a slice is listed twice"
    return found


def cuts() -> set[Place]:
    """All slices from the beginning to a number or a constant."""
    return {
        (path.relative_to(TOP).as_posix(), function, cut)
        for app in APPS
        for path in (TOP / app).rglob("*.py")
        if "migrations" not in path.parts and not path.relative_to(TOP).as_posix().startswith(NOT_OURS)
        for function, cut in _in(ast.parse(path.read_text()), "")
    }


def _in(tree: ast.AST, function: str) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and _is_limit(node.slice):
            yield inside, " ".join(ast.unparse(node).split())
        yield from _in(node, inside)


def _is_limit(cut: ast.Slice) -> bool:
    if cut.lower is not None or cut.upper is None:
        return False
    if isinstance(cut.upper, ast.Constant):
        return isinstance(cut.upper.value, int) and cut.upper.value > 1
    names = [getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(cut.upper)]
    return any(name.strip("_").isupper() for name in names)


@cache
def all_texts() -> str:
    """The code, with texts that go on in the next line in one piece, and the templates."""
    code = [path.read_text() for app in APPS for path in (TOP / app).rglob("*.py")]
    joined = [re.sub(r'"\n\s*f?"', "", text) for text in code]
    scripts = [path.read_text() for path in (TOP / "static/js").rglob("*.js")]
    return "\n".join([*joined, *scripts, *(path.read_text() for path in (TOP / "templates").rglob("*.html"))])


def test_every_limit_is_listed_with_what_says_so() -> None:
    assert cuts() - set(listed()) == set(), "Say what is left out and how to see it, then list it in cuts.tsv."


def test_what_is_listed_is_there() -> None:
    assert set(listed()) - cuts() == set()


@pytest.mark.parametrize("place", [place for place, (kind, _) in listed().items() if kind == "said"], ids="/".join)
def test_the_sentence_stands_in_the_code_or_on_a_page(place: Place) -> None:
    assert listed()[place][1] in all_texts()


def test_the_rest_has_reasons() -> None:
    assert {kind for kind, _ in listed().values()} == {"said", "reason"}
    assert [place for place, (kind, words) in listed().items() if kind == "reason" and len(words.split()) < 4] == []
