"""`python -m tests.lint.repeated_keys`: dict displays in which a key stands twice, so that the first value is lost.

ruff and others compare constants and plain names; `Kind.SSH_KEY` is neither.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator

from tests.support.places import TOP

READ = ("bench", "connections", "mantik", "projects", "runs", "schedules", "tests")


def repeated(source: str) -> Iterator[tuple[int, str]]:
    """(line of the dict, key as written)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            counts = Counter(ast.unparse(key) for key in node.keys if key is not None)
            yield from ((node.lineno, key) for key, count in counts.items() if count > 1)


def in_product() -> list[str]:
    return [
        f"{path.relative_to(TOP)}:{line}: the key {key} stands twice"
        for name in READ
        for path in sorted((TOP / name).rglob("*.py"))
        for line, key in repeated(path.read_text())
    ]


if __name__ == "__main__":
    lines = in_product()
    print(*lines, sep="\n", end="\n" if lines else "")
    sys.exit(bool(lines))
