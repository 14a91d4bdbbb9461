"""Reading a mirror: no network, no lock, bounded in time."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from connections.git.errors import GitError
from connections.git.process import GitFailed, GitTimedOut, OutputTooLarge, run_git
from connections.git.values import Branch, Commit, EntryKind, TreeEntry
from mantik.lib.humanize import filesize, short_sha

READ_SECONDS = 20
# Bytes of a list of all files of a commit, and of a file such as .gitmodules.
_MAX_TREE = 256 * 1024**2
_MAX_CONFIG = 256 * 1024
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
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
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
        if not re.search(r"[\0-\x20*?\[\\]", branch) and _encodes(branch):
            found = _parse_branches(self._git("for-each-ref", f"--format={_FORMAT}", _HEADS + branch))
            for _, candidate in found:
                if candidate.name == branch:
                    return candidate.commit
        raise self._branch_missing(branch)

    def read(self, sha: str, path: str, *, limit: int) -> bytes:
        """The content of one file of a commit, at most `limit` bytes."""
        clean = _normal(path)
        entry = self._entry(sha, clean)
        if entry.size is None or entry.size > limit:
            raise _path_error(
                "path.too_big", f"{clean} is {filesize(entry.size or 0)}; at most {filesize(limit)} is allowed."
            )
        content = self._git("cat-file", "blob", entry.object_id, most_output=limit)
        if content.startswith(_LFS_POINTER):
            raise _path_error(
                "path.lfs_pointer",
                f"{clean} is a Git LFS pointer, not the file itself. Commit the file without LFS.",
            )
        return content

    def entries(self, sha: str) -> list[TreeEntry]:
        """Every file of a commit, in git's order."""
        output = self._commit_git(
            sha, "ls-tree", "-r", "-z", "-l", "--full-tree", _sha(sha, self.name), most_output=_MAX_TREE
        )
        return list(_parse_tree(output))

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

    def find(self, sha: str, names: Collection[str]) -> list[str]:
        """Paths of files with one of these names, in any case; those nearest to the top first."""
        wanted = {name.casefold() for name in names}
        paths = [entry.path for entry in self.entries(sha) if entry.kind == "file"]
        found = [path for path in paths if posixpath.basename(path).casefold() in wanted]
        return sorted(found, key=lambda path: (path.count("/"), path))

    def _entry(self, sha: str, path: str) -> TreeEntry:
        output = self._commit_git(
            sha, "--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", _sha(sha, self.name), "--", path
        )
        entry = next((entry for entry in _parse_tree(output, trees=True) if entry.path == path), None)
        if entry is None:
            raise self._path_missing(sha, path)
        if entry.mode == "040000":
            raise _path_error("path.directory", f"{path} is a folder. Name a file in it.")
        if entry.kind != "file":
            raise _special(entry)
        return entry

    def _path_missing(self, sha: str, path: str) -> GitError:
        entries = self.entries(sha)
        for entry in entries:
            if entry.kind != "file" and path.startswith(f"{entry.path}/"):
                return _special(entry)
        near = _near_paths(path, [entry.path for entry in entries if entry.kind == "file" and _encodes(entry.path)])
        hint = f" Did you mean {_either(near)}?" if near else " Check the path and the branch."
        return _path_error("path.missing", f"There is no file {path} in commit {short_sha(sha)}.{hint}")

    def _branch_missing(self, branch: str) -> GitError:
        names = [found.name for found in self.branches()]
        near = get_close_matches(branch, names, n=3, cutoff=0.6) or names[:3]
        return GitError(
            f"{self.name} has no branch {_shown(branch)!r}. Did you mean {_either(near)}?"
            if near
            else f"{self.name} has no branches.",
            code="branch.missing",
            permanent=True,
        )

    def _commit_git(self, sha: str, *arguments: str, most_output: int = 1024**2) -> bytes:
        try:
            return self._git(*arguments, most_output=most_output)
        except GitError as error:
            if error.code != "mirror.unreadable":
                raise
            raise _commit_missing(sha, self.name) from None

    def _git(self, *arguments: str, most_output: int = 64 * 1024**2) -> bytes:
        try:
            return run_git(arguments, git_dir=self.git_dir, timeout=READ_SECONDS, most_output=most_output)
        except GitFailed:
            message = "could not be read from Mantik's copy. Press Read again on the page of the code repository"
            code = "mirror.unreadable"
        except GitTimedOut:
            message, code = "took too long to read. Try again in a minute", "mirror.slow"
        except OutputTooLarge:
            message, code = "has more files than Mantik can list. Split it up", "repository.too_many_files"
        raise GitError(f"{self.name} {message}.", code=code, permanent=code == "repository.too_many_files")


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


def _normal(path: str) -> str:
    if path.startswith("/"):
        raise _path_error(
            "path.refused",
            f"{_shown(path)} begins with a slash. Use the path from the top of the repository.",
        )
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise _path_error("path.refused", f"{_shown(path)} contains '..'. Use the plain path.")
    if not parts or "\0" in path or not _encodes(path):
        raise _path_error("path.refused", "This is not the path of a file. Use a path from the top of the repository.")
    return "/".join(parts)


def _near_paths(path: str, paths: list[str]) -> list[str]:
    same = [other for other in paths if other.casefold() == path.casefold()]
    name = posixpath.basename(path).casefold()
    elsewhere = [other for other in paths if posixpath.basename(other).casefold() == name]
    elsewhere.sort(key=lambda other: (other.count("/"), other))
    return (same or elsewhere or get_close_matches(path, paths[:20_000], n=2, cutoff=0.7))[:3]


def _special(entry: TreeEntry) -> GitError:
    if entry.kind == "submodule":
        return _path_error("path.submodule", f"{entry.path} is a submodule: its files are in another repository.")
    return _path_error("path.symlink", f"{entry.path} is a symbolic link. Name the file that it points to.")


def _sha(sha: str, name: str) -> str:
    if not _SHA.fullmatch(sha):
        raise _commit_missing(sha, name)
    return sha


def _commit_missing(sha: str, name: str) -> GitError:
    return GitError(
        f"{name} no longer has the commit {short_sha(_shown(sha))}. Perhaps a forced push removed it; choose the "
        "branch again.",
        code="commit.missing",
        permanent=True,
    )


def _path_error(code: str, message: str) -> GitError:
    return GitError(message, code=code, permanent=True)


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _shown(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:100]


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
