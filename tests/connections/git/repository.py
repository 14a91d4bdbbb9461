"""A git repository to test with, made by the git program itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


class Repository:
    """A working copy at `path`. Every commit is a minute younger than the one before it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._clock = 1_700_000_000
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")
        # As git hosts allow it.
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")

    def git(self, *arguments: str) -> str:
        date = f"{self._clock} +0100"
        environment = os.environ | _ENVIRONMENT | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, path: str, content: str | bytes, *, executable: bool = False) -> None:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(0o755 if executable else 0o644)

    def link(self, path: str, target: str) -> None:
        (self.path / path).symlink_to(target)

    def commit(self, subject: str = "Change", *, branch: str | None = None) -> str:
        """Commit all there is, on a new `branch` if named; the commit's sha."""
        self._clock += 60
        if branch:
            self.git("checkout", "--quiet", "-b", branch)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def add_submodule(self, path: str, url: str, sha: str) -> str:
        """Commit a submodule at `sha`, whose files are not here; the commit's sha."""
        modules = self.path / ".gitmodules"
        known = modules.read_text() if modules.exists() else ""
        self.write(".gitmodules", f'{known}[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
        self.git("add", "--", ".gitmodules")
        self.git("update-index", "--add", "--cacheinfo", f"160000,{sha},{path}")
        # Git takes an empty folder for a submodule that was not checked out.
        (self.path / path).mkdir(parents=True, exist_ok=True)
        return self.commit(f"Add {path}")
