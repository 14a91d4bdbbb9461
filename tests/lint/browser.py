"""`python -m tests.lint.browser`: faults of our scripts and style sheets, by Biome and by what it does not look for.

Biome comes from npm as one program; biome.json says what counts as a fault, and leaves taste alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.node import node
from tests.support.places import TOP

BIOME = "node_modules/@biomejs/biome/bin/biome"
# 3 or 6 digits, or with transparency 4 or 8.
_HEX = re.compile(r"#(?P<digits>[\w]+)\b")
_DECLARED = re.compile(r"(?<![\w-])(--[\w-]+)\s*:")
_USED = re.compile(r"var\(\s*(--[\w-]+)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def biome(top: Path) -> str:
    """What it says about the files of biome.json below `top`, "" if it finds nothing."""
    command = [
        node(),
        str(TOP / BIOME),
        "lint",
        "--error-on-warnings",
        "--colors=off",
        "--max-diagnostics=none",
        str(top),
    ]
    done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def style_faults(top: Path) -> Iterator[str]:
    """Colours that are none, and custom properties that nobody declares or nobody uses."""
    sheets = {path: _blanked(path.read_text()) for path in sorted((top / "static" / "css").glob("*.css"))}
    vendor = "".join(path.read_text() for path in (top / "static" / "vendor").rglob("*.css"))
    scripts = "".join(path.read_text() for path in (top / "static" / "js").rglob("*.js"))
    declared = {name for text in (*sheets.values(), vendor) for name in _DECLARED.findall(text)}
    used = {name for text in (*sheets.values(), vendor) for name in _USED.findall(text)}
    for path, text in sheets.items():
        where = path.relative_to(top)
        yield from (f"{where}:{_line(text, at)}: {what}" for at, what in _faults_of(text, declared, used, scripts))


def _faults_of(text: str, declared: set[str], used: set[str], scripts: str) -> Iterator[tuple[int, str]]:
    for value in re.finditer(r":[^;{}]*[;}]", text):
        for found in _HEX.finditer(value[0]):
            if not re.fullmatch(r"[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}", found["digits"]):
                yield value.start() + found.start(), f"{found[0]} is no colour"
    for found in _USED.finditer(text):
        if found[1] not in declared and found[1] not in scripts:
            yield found.start(), f"{found[1]} is declared nowhere"
    for found in _DECLARED.finditer(text):
        if found[1] not in used and found[1] not in scripts:
            yield found.start(), f"{found[1]} is used nowhere"


def _blanked(text: str) -> str:
    """Without comments, and with the same lines."""
    return _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def main() -> int:
    found = biome(TOP) + "".join(f"{line}\n" for line in style_faults(TOP))
    sys.stdout.write(found)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
