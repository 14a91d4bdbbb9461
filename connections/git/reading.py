"""Reading a mirror: no network, no lock, bounded in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from connections.git.errors import GitError
from connections.git.paths import (
    branch_missing,
    encodes,
    path_missing,
    plain_path,
    require_file,
    require_no_pointer,
    shown,
    too_many_files,
)
from connections.git.process import GitFailed, GitTimedOut, OutputTooLarge, run_git
from connections.git.values import USUAL_PATH, Branch, Commit, EntryKind, Listing, TreeEntry
from mantik.lib.humanize import short_sha

READ_SECONDS = 20
# Bytes of a file such as .gitmodules.
_MAX_CONFIG = 256 * 1024
# How many paths of a commit are looked at for hints.
_PATHS_FOR_HINTS = 20_000
_HEADS = "refs/heads/"
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FORMAT = "%00".join(
    (
        "%(HEAD)",
        "%(refname)",
        "%(objectname)",
        "%(committerdate:unix)",
        "%(authorname)",
        "%(contents:subject)",
    )
)
_KINDS: dict[str, EntryKind] = {"120000": "link", "160000": "submodule"}


class Reader:
    """Reads the bare repository `git_dir`; `name` is how messages call it."""

    def __init__(self, *, git_dir: Path, name: str) -> None:
        self.git_dir = git_dir
        self.name = name

    def branches(self) -> list[Branch]:
        """The default branch, then the others by their newest commit."""
        output = self._git("for-each-ref", "--sort=-committerdate", f"--format={_FORMAT}", _HEADS)
        return [branch for _, branch in sorted(_parse_branches(output), key=lambda found: not found[0])]

    def resolve(self, branch: str) -> Commit:
        """The newest commit of exactly that branch."""
        # Git would take a name with these letters, which no branch can have, for a pattern.
        if not re.search(r"[\0-\x20*?\[\\]", branch) and encodes(branch):
            found = _parse_branches(self._git("for-each-ref", f"--format={_FORMAT}", _HEADS + branch))
            for _, candidate in found:
                if candidate.name == branch:
                    return candidate.commit
        raise branch_missing(branch, [found.name for found in self.branches()], repository=self.name)

    def read(self, sha: str, path: str, *, limit: int) -> bytes:
        """The content of one file of a commit, at most `limit` bytes."""
        clean = plain_path(path)
        entry = self._entry(sha, clean)
        require_file(entry, limit=limit)
        content = self._git("cat-file", "blob", entry.object_id, most_output=limit)
        require_no_pointer(clean, content)
        return content

    def entries(self, sha: str, *, most: int) -> list[TreeEntry]:
        """Every file of a commit, in git's order. Raises GitError if there are more than `most`."""
        found = self.listing(sha, most=most)
        if not found.is_whole:
            raise too_many_files(self.name)
        return found.entries

    def listing(self, sha: str, *, most: int) -> Listing:
        """The first `most` entries of a commit, in git's order. However many there are, git lists no more."""
        limit = most * USUAL_PATH
        command = ("ls-tree", "-r", "-z", "-l", "--full-tree", _sha(sha, self.name))
        output = self._commit_git(sha, *command, most_output=limit, may_cut=True)
        # The last line of an output that was cut has no end.
        whole_lines = output[: output.rfind(b"\0") + 1]
        entries = list(islice(_parse_tree(whole_lines), most + 1))
        return Listing(entries[:most], is_whole=len(entries) <= most and len(output) < limit)

    def tree(self, sha: str) -> str:
        """The hash of all that is in a commit, whatever its message and history."""
        return self._commit_git(sha, "rev-parse", f"{_sha(sha, self.name)}^{{tree}}").decode().strip()

    def commit(self, sha: str) -> Commit:
        """What a branch at this commit would say of it."""
        found = self._commit_git(sha, "show", "--no-patch", "--format=%ct%x00%an%x00%s", _sha(sha, self.name), "--")
        seconds, author, subject = found.rstrip(b"\n").split(b"\0")
        return Commit(sha, subject.decode("utf-8", "replace"), author.decode("utf-8", "replace"), _moment(seconds))

    def has(self, sha: str) -> bool:
        try:
            return self._git("cat-file", "-t", _sha(sha, self.name)).strip() == b"commit"
        except GitError:
            return False

    def list_config(self, sha: str, path: str) -> bytes:
        """What `git config --list -z` says of a file such as .gitmodules; b"" if there is none, or it is wrong."""
        try:
            # Read only to check the limit. Git then reads the file itself.
            self.read(sha, path, limit=_MAX_CONFIG)
            return self._git("config", "--blob", f"{sha}:{path}", "--no-includes", "--list", "-z")
        except GitError:
            return b""

    def uses_lfs(self, sha: str) -> bool:
        try:
            return b"filter=lfs" in self.read(sha, ".gitattributes", limit=_MAX_CONFIG)
        except GitError:
            return False

    def _entry(self, sha: str, path: str) -> TreeEntry:
        output = self._commit_git(
            sha, "--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", _sha(sha, self.name), "--", path
        )
        entry = next((entry for entry in _parse_tree(output, trees=True) if entry.path == path), None)
        if entry is None:
            raise path_missing(path, sha, self.listing(sha, most=_PATHS_FOR_HINTS).entries)
        return entry

    def _commit_git(self, sha: str, *arguments: str, most_output: int = 1024**2, may_cut: bool = False) -> bytes:
        try:
            return self._git(*arguments, most_output=most_output, may_cut=may_cut)
        except GitError as error:
            if error.code != "mirror.unreadable":
                raise
            raise _commit_missing(sha, self.name) from None

    def _git(self, *arguments: str, most_output: int = 64 * 1024**2, may_cut: bool = False) -> bytes:
        try:
            return run_git(
                arguments, git_dir=self.git_dir, timeout=READ_SECONDS, most_output=most_output, may_cut=may_cut
            )
        except GitFailed:
            message = "could not be read from Mantik's copy. Press Read again on the page of the code repository"
            code = "mirror.unreadable"
        except GitTimedOut:
            message, code = "took too long to read. Try again in a minute", "mirror.slow"
        except OutputTooLarge:
            raise too_many_files(self.name) from None
        raise GitError(f"{self.name} {message}.", code=code, permanent=False)


def _parse_branches(output: bytes) -> list[tuple[bool, Branch]]:
    lines = (line for line in output.split(b"\n") if line)
    found = (_parse_branch(line.split(b"\0")) for line in lines)
    return [branch for branch in found if branch]


def _parse_branch(fields: list[bytes]) -> tuple[bool, Branch] | None:
    head, ref, sha, seconds, author, subject = fields
    try:
        name = ref.decode().removeprefix(_HEADS)
    except UnicodeDecodeError:
        # Such a name could not be typed, stored or shown, and git itself has trouble with it.
        return None
    commit = Commit(
        sha.decode(), subject.decode("utf-8", "replace"), author.decode("utf-8", "replace"), _moment(seconds)
    )
    return head == b"*", Branch(name, commit)


def _moment(seconds: bytes) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        # A commit may claim any date, also one that no calendar has.
        return datetime.fromtimestamp(0, UTC)


def _parse_tree(output: bytes, *, trees: bool = False) -> Iterator[TreeEntry]:
    for line in output.split(b"\0"):
        facts, _, path = line.partition(b"\t")
        if not path:
            continue
        mode, git_type, object_id, size = facts.decode().split()
        if git_type != "tree" or trees:
            kind = _KINDS.get(mode, "file")
            yield TreeEntry(
                path.decode("utf-8", "surrogateescape"),
                kind,
                mode,
                object_id,
                None if size == "-" else int(size),
            )


def _sha(sha: str, name: str) -> str:
    if not _SHA.fullmatch(sha):
        raise _commit_missing(sha, name)
    return sha


def _commit_missing(sha: str, name: str) -> GitError:
    return GitError(
        f"{name} no longer has the commit {short_sha(shown(sha))}. Perhaps a forced push removed it; choose the "
        "branch again.",
        code="commit.missing",
        permanent=True,
    )
