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

    def git(self, *arguments: str, text: str | None = None) -> str:
        date = f"{self._clock} +0100"
        environment = os.environ | _ENVIRONMENT | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=environment, check=True, capture_output=True, text=True, input=text
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


def nested_folders(repository: Repository, *, depth: int, width: int) -> str:
    """A commit of `width` to the power of `depth` paths in a few kilobytes, as its hash: each folder holds `width`
    times the same folder, and the innermost ones the same file."""
    inner = repository.git("hash-object", "-w", "--stdin-paths", text="MLproject\n")
    kind = "100644 blob"
    for level in range(depth):
        lines = "".join(f"{kind} {inner}\tf{level}{number:02}\n" for number in range(width))
        inner, kind = repository.git("mktree", text=lines), "040000 tree"
    sha = repository.git("commit-tree", inner, "-p", "HEAD", "-m", "Folders")
    repository.git("update-ref", "refs/heads/main", sha)
    return sha
