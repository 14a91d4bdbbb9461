"""Where things are in the repository."""

import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"


class NoCheckout(Exception):
    """Git does not know this folder, so nobody can say which of its files are ours."""


def files_of_ours() -> list[Path]:
    """Those that git has or would take, and that are there. Raises NoCheckout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise NoCheckout(listed.stderr)
    return [path for name in listed.stdout.split("\0") if name and (path := TOP / name).is_file()]
