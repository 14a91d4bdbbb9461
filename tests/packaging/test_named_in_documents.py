"""What CONTRIBUTING.md and the READMEs of wings name is there: files, names in code, commands.

Whatever stands in backticks is a file, a command or a name. In a recipe a name has to stand in a file that its
paragraph names, if it names any; a README speaks of a whole wing, and of what that works on. What is none of these is
listed, so that a riddle is not taken for granted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.places import TOP

APPS = ("connections", "mantik", "projects", "runs", "schedules")
WINGS = sorted(path for app in APPS for path in (TOP / app).rglob("README.md") if "code" not in path.parts)
DOCUMENTS = [TOP / "CONTRIBUTING.md", *WINGS]
CODE = ("bench", "tests", *APPS)
# What is no file, command or name of ours.
OTHERS = frozenset(
    {
        *("_", "data-", "data-dialog", "filters.query_with(...)", "RunPython.noop"),
        *("{% querystring %}", "{% crispy form %}", "{% crispy filters.search %}", '{% live_fields form "their-id" %}'),
        *("{% row_version %}", 'data-live="{{ live.stamp }}"', "hx-get", 'hx-trigger="every 2s"'),
        'docs="page#section"',
        *("apply", "atomic = False", "apps.get_model", "assert", ".dev0", "0.3.0.dev0"),
        *(
            "migrations.sha256",
            "tests/upgrade/0.2.0/",
            "runs: Say what a waiting run waits for",
            "/tracking/",
            "mantik.run",
            "haveClientStageIn",
        ),
        # Kinds of entries of the relay's journal, which tests/runs/job/relay/test_journal.py compares, and its pack.
        *("untag", "model_status", "model_params", "model_tags", "model_untag", "unkept", "unfile", ".pack"),
    }
)
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\(\))?")


def spans(text: str) -> list[str]:
    """Everything in backticks, in order. A line's end within is a blank."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]


def paragraphs(document: Path) -> list[str]:
    """Also the items of a list, each with the lines that belong to it, and the rows of a table."""
    return re.split(r"\n\s*\n|\n(?=- |\d+\. |\|)", document.read_text())


def is_there(span: str, places: Iterable[Path]) -> bool:
    """A file or folder at one of the places; a mere name (`urls.py`) that of some. What stands in <> is filled in."""
    path = re.sub(r"<.*", "", span).rstrip("/")
    if not path or " " in path or path.startswith("/"):
        return False
    if any((place / path).exists() for place in places):
        return True
    return bool(re.fullmatch(r"\w+(\.\w+|/)", span)) and any(any((TOP / app).rglob(path)) for app in APPS)


def is_command(span: str) -> bool:
    words = [word for word in span.split() if not re.fullmatch(r"[A-Z_]+=\S*", word)]
    if words[0] == "make":
        return all(word in targets() for word in words[1:] if not word.startswith("-"))
    if words[0] == ".venv/bin/pre-commit":
        return True
    if words[0].endswith("manage.py") or words[1:2] == ["manage.py"]:
        name = words[1 if words[0].endswith("manage.py") else 2]
        return name == "makemigrations" or any(TOP.glob(f"*/management/commands/{name}.py"))
    if words[:2] == [".venv/bin/python", "-m"] or words[0] == "pytest":
        return all(map(is_module_or_file, words[2:3] if words[0] != "pytest" else [])) and all(
            (TOP / word).exists() for word in words if word.startswith("tests/")
        )
    return False


def is_module_or_file(name: str) -> bool:
    path = TOP / name.replace(".", "/")
    return name == "pytest" or path.is_dir() or path.with_suffix(".py").exists()


@cache
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z][a-z-]*):", (TOP / "Makefile").read_text(), re.MULTILINE))


@cache
def names_in(path: Path) -> frozenset[str]:
    """What stands in a file of code, and the parts of classes as `Class.part`."""
    if path.suffix != ".py":
        return frozenset(re.findall(r"[A-Za-z_][\w-]*", path.read_text()))
    return frozenset(_standing_in(ast.parse(path.read_text()), ""))


def _standing_in(node: ast.AST, owner: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        for name in _names_of(child):
            yield name
            if owner:
                yield f"{owner}.{name}"
        yield from _standing_in(child, child.name if isinstance(child, ast.ClassDef) else owner)


def _names_of(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    if isinstance(node, ast.Name | ast.Attribute):
        return [node.id if isinstance(node, ast.Name) else node.attr]
    if isinstance(node, ast.arg):
        return [node.arg]
    return [node.name] if isinstance(node, ast.alias) else []


@cache
def all_names() -> frozenset[str]:
    return frozenset().union(*(names_in(path) for name in CODE for path in (TOP / name).rglob("*.py")))


def is_name(span: str, named: Iterable[Path]) -> bool:
    if not _NAME.fullmatch(span):
        return False
    name = span.removesuffix("()")
    files = [path for path in named if path.is_file()]
    known = frozenset().union(*map(names_in, files)) if files else all_names()
    return name in known or _is_of_module(name)


def _is_of_module(name: str) -> bool:
    """`package.module.name`, or `package.module`."""
    module, _, last = name.rpartition(".")
    path = (TOP / module.replace(".", "/")).with_suffix(".py")
    return (path.is_file() and last in names_in(path)) or ("." in name and is_module_or_file(name))


def not_there(document: Path) -> list[str]:
    beside = document.parent
    missing = []
    for paragraph in paragraphs(document):
        found = [span for span in spans(paragraph) if span not in OTHERS]
        places = [TOP, beside, *(TOP / span for span in found if span.endswith("/") and (TOP / span).is_dir())]
        named = [place / span for span in found for place in places if (place / span).is_file()]
        files = named if document.name != "README.md" else []
        missing += [span for span in found if not (is_there(span, places) or is_command(span) or is_name(span, files))]
    return missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(TOP)))
def test_whatever_is_named_is_there(document: Path) -> None:
    assert not_there(document) == []


def test_what_is_not_there_would_be_found(tmp_path: Path) -> None:
    document = tmp_path / "CONTRIBUTING.md"
    document.write_text(
        "`runs/models.py` has `Run` and `Run.waiting_for`, but no `Dream`.\n\n"
        "`make dream`, `make test`, `runs/dream.py`, `.venv/bin/python -m tests.dream`, `mantik.lib.leases.take`"
    )
    assert not_there(document) == ["Dream", "make dream", "runs/dream.py", ".venv/bin/python -m tests.dream"]


def test_every_wing_with_a_protocol_has_its_readme() -> None:
    wings = ("connections/renewal", "runs/following", "runs/submission", "runs/tracking", "schedules/firing")
    assert {str(path.parent.relative_to(TOP)) for path in WINGS} >= set(wings)
