"""The checks find what they are for."""

from __future__ import annotations

from pathlib import Path

from tests.lint.dead_code import unused
from tests.lint.repeated_keys import repeated


def test_a_key_that_stands_twice_is_found_also_as_an_attribute() -> None:
    assert list(repeated("a = {Kind.ONE: 1, Kind.TWO: 2, Kind.ONE: 3}")) == [(1, "Kind.ONE")]
    assert list(repeated("a = {1: {'b': 1}, 2: {'b': 1}, **c, **d}")) == []


def test_what_nothing_uses_is_found_and_what_a_template_or_a_setting_names_is_not(tmp_path: Path) -> None:
    code = tmp_path / "runs" / "code.py"
    code.parent.mkdir()
    code.write_text("def dead(): ...\n\n\ndef drawn(): ...\n\n\ndef set_up(): ...\n\n\nSETTING = 'runs.code.set_up'\n")
    page = tmp_path / "templates" / "page.html"
    page.parent.mkdir()
    page.write_text("{{ run.drawn }} dead")
    assert unused(tmp_path) == ["runs/code.py:1: unused function dead"]
