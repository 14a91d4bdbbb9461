"""The demo's code repository: a real git repository, made from the files in `code/`, that people can change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mantik.demo import DemoFailed

BRANCH = "main"
_CODE = Path(__file__).with_name("code")
_AUTHOR = "The Mantik demo"
_SUBJECT = "Read handwritten digits"
# A fixed date, so that the same content is the same commit everywhere.
_DATE = "2026-11-02T09:00:00+0000"
# Keeps out this machine's own configuration of git: hooks, signatures, defaults.
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TEMPLATE_DIR": "",
    "GIT_AUTHOR_NAME": _AUTHOR,
    "GIT_AUTHOR_EMAIL": "demo@localhost",
    "GIT_AUTHOR_DATE": _DATE,
    "GIT_COMMITTER_NAME": _AUTHOR,
    "GIT_COMMITTER_EMAIL": "demo@localhost",
    "GIT_COMMITTER_DATE": _DATE,
    "LC_ALL": "C",
}


def training_environment() -> Path:
    """The virtual environment of this process, which jobs run in, too. Raises DemoFailed."""
    if not (Path(sys.prefix) / "bin" / "activate").is_file():
        raise DemoFailed(
            "The demo's training needs a virtual environment, but this Python is not in one. "
            "Start the demo with `make demo`, which makes one."
        )
    return Path(sys.prefix)


def ensure_repository(path: Path, *, python: Path) -> None:
    """Make the repository at `path`, or bring one that nobody else has committed to up to date.

    `python` is the virtual environment that its Compute Backend configs name. Raises DemoFailed.
    """
    if not (path / ".git").exists():
        path.mkdir(parents=True, exist_ok=True)
        _git(path, "init", "--quiet", f"--initial-branch={BRANCH}")
    elif _is_somebodys(path):
        return
    _write(path, python)
    _git(path, "add", "--all")
    if _git(path, "status", "--porcelain"):
        _git(path, "commit", "--quiet", "--message", _SUBJECT)


def _is_somebodys(path: Path) -> bool:
    """Whether a person has changed or committed something there, which is then theirs to keep."""
    if not _git(path, "rev-list", "--all", "--max-count=1"):
        # There is no commit yet: an earlier start was stopped half-way.
        return False
    changed = bool(_git(path, "status", "--porcelain"))
    return changed or _git(path, "log", "--max-count=1", "--format=%an") != _AUTHOR


def _write(path: Path, python: Path) -> None:
    for source in sorted(_CODE.rglob("*")):
        if source.is_dir() or "__pycache__" in source.parts:
            continue
        target = path / source.relative_to(_CODE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes().replace(b"@PYTHON@", os.fsencode(python)))


def _git(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - every word of the command is ours
            ["git", *arguments],  # noqa: S607 - the git of this machine, wherever it is
            cwd=path,
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    except FileNotFoundError:
        raise DemoFailed("The demo needs git, which was not found. Install git and try again.") from None
    except subprocess.TimeoutExpired:
        raise DemoFailed(f"git {arguments[0]} in {path} did not end within a minute.") from None
    except subprocess.CalledProcessError as error:
        raise DemoFailed(f"git {arguments[0]} failed in {path}: {error.stderr.strip()}") from None
    return done.stdout.strip()
