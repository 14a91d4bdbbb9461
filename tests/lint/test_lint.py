"""The checks find what they are for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lint.browser import biome, style_faults
from tests.lint.dead_code import unused
from tests.lint.repeated_keys import repeated
from tests.lint.shell import PARTS, faults, scripts_of_jobs, shell_files
from tests.support.places import TOP


def test_a_key_that_stands_twice_is_found_also_as_an_attribute() -> None:
    assert list(repeated("a = {Kind.ONE: 1, Kind.TWO: 2, Kind.ONE: 3}")) == [(1, "Kind.ONE")]
    assert list(repeated("a = {1: {'b': 1}, 2: {'b': 1}, **c, **d}")) == []


def test_what_nothing_uses_is_found_and_what_a_template_or_a_setting_names_is_not(tmp_path: Path) -> None:
    code = tmp_path / "runs" / "code.py"
    code.parent.mkdir()
    code.write_text("def dead(): ...\n\n\ndef drawn(): ...\n\n\ndef set_up(): ...\n\n\nLIMIT = 3\n")
    (code.parent / "settings.py").write_text("SETTING = 'runs.code.set_up'\n")
    page = tmp_path / "templates" / "page.html"
    page.parent.mkdir()
    page.write_text("{{ run.drawn }} dead")
    assert unused(tmp_path) == ["runs/code.py:1: unused function dead", "runs/code.py:10: unused variable LIMIT"]


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("#!/bin/sh\nrm -r $1/*\n", "SC2086"),
        ("#!/bin/bash\nif [ $a == b ]; then echo; fi\n", "SC2154"),
        ("#!/bin/bash\ncd /somewhere\nrm -rf ./*\n", "SC2164"),
    ],
)
def test_shellcheck_finds_a_fault(tmp_path: Path, script: str, fault: str) -> None:
    path = tmp_path / "bad.sh"
    path.write_text(script)
    assert f"[{fault}]" in faults([path])


def test_the_shell_that_is_looked_at_is_all_there_is() -> None:
    assert {".ci/run", "connections/git/askpass.sh"} <= {str(path.relative_to(TOP)) for path in shell_files()}


def test_the_scripts_of_jobs_that_are_looked_at_use_every_helper() -> None:
    """Of what is not called nobody knows whether it is called rightly."""
    scripts = "".join(scripts_of_jobs().values())
    helpers = [name for part in PARTS for name in re.findall(r"^(mantik_\w+)\(\)", part.read_text(), re.MULTILINE)]
    assert helpers
    assert [name for name in helpers if not re.search(rf"\b{name}\b(?!\(\))", scripts)] == []


def laid_out(top: Path, name: str, content: str) -> None:
    """As in the repository, with its configuration."""
    path = top / "static" / Path(name).suffix.strip(".") / name
    path.parent.mkdir(parents=True)
    path.write_text(content)
    (top / "biome.json").write_text((TOP / "biome.json").read_text())


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("unused.js", "const left = 1;\nexport const right = 2;\n", "noUnusedVariables"),
        ("undeclared.js", "document.title = tittle;\n", "noUndeclaredVariables"),
        ("twice.js", "export const one = { a: 1, a: 2 };\n", "noDuplicateObjectKeys"),
        ("import.js", 'import { say } from "./messages.js";\n', "noUnusedImports"),
        ("property.css", "a { colour: red; }\n", "noUnknownProperty"),
        ("unit.css", "a { width: 10pixels; }\n", "noUnknownUnit"),
        ("twice.css", "a { color: red; width: 1px; color: blue; }\n", "noDuplicateProperties"),
        ("selector.css", "a:hoover { color: red; }\n", "noUnknownPseudoClass"),
        ("syntax.css", "a { color: red;\n", "parse"),
    ],
)
def test_biome_finds_a_fault(tmp_path: Path, name: str, content: str, fault: str) -> None:
    laid_out(tmp_path, name, content)
    found = biome(tmp_path)
    assert name in found
    assert fault in found


def test_what_is_only_a_matter_of_taste_is_no_fault(tmp_path: Path) -> None:
    laid_out(tmp_path, "taste.js", "export var a = '1'\nexport function b() { return a + 'b' }\n")
    assert biome(tmp_path) == ""


def test_a_colour_that_is_none_and_a_token_that_is_not_there_or_not_used_are_found(tmp_path: Path) -> None:
    sheet = (
        "/* #12 is said here, and var(--nowhere) */\n:root { --ink: #12345; --line: #fff; --old: #ffffff80; }\n"
        "#head { color: var(--ink); border-color: var(--lime, var(--line)); }\n"
    )
    laid_out(tmp_path, "page.css", sheet)
    assert sorted(style_faults(tmp_path)) == [
        "static/css/page.css:2: #12345 is no colour",
        "static/css/page.css:2: --old is used nowhere",
        "static/css/page.css:3: --lime is declared nowhere",
    ]
