"""What is wrong with a path or a branch that somebody has named: for mirrors, and for what is stored of them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from connections.git.errors import GitError
from connections.git.values import MAX_FILES, Entry
from mantik.lib.humanize import filesize, short_sha
from mantik.lib.nearest import nearest

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def plain_path(path: str) -> str:
    """The path from the top of the repository, without empty parts and dots. Raises GitError."""
    if path.startswith("/"):
        raise path_error(
            "path.refused",
            f"{shown(path)} begins with a slash. Use the path from the top of the repository.",
        )
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise path_error("path.refused", f"{shown(path)} contains '..'. Use the plain path.")
    if not parts or "\0" in path or not encodes(path):
        raise path_error("path.refused", "This is not the path of a file. Use a path from the top of the repository.")
    return "/".join(parts)


def require_file(entry: Entry, *, limit: int) -> None:
    """Raises GitError if the entry is no regular file of at most `limit` bytes."""
    if entry.mode == "040000":
        raise folder(entry.path)
    if entry.kind != "file":
        raise special(entry)
    if entry.size is None or entry.size > limit:
        raise path_error(
            "path.too_big", f"{entry.path} is {filesize(entry.size or 0)}; at most {filesize(limit)} is allowed."
        )


def require_no_pointer(path: str, content: bytes) -> None:
    """Raises GitError if the content is a pointer of Git LFS."""
    if content.startswith(_LFS_POINTER):
        raise path_error(
            "path.lfs_pointer", f"{path} is a Git LFS pointer, not the file itself. Commit the file without LFS."
        )


def folder(path: str) -> GitError:
    return path_error("path.directory", f"{path} is a folder. Name a file in it.")


def special(entry: Entry) -> GitError:
    if entry.kind == "submodule":
        return path_error("path.submodule", f"{entry.path} is a submodule: its files are in another repository.")
    return path_error("path.symlink", f"{entry.path} is a symbolic link. Name the file that it points to.")


def path_missing(path: str, sha: str, entries: Iterable[Entry]) -> GitError:
    """The error for a path that the commit does not have; `entries`, all or some of it, are where hints come from."""
    files: list[str] = []
    for entry in entries:
        if entry.kind != "file" and path.startswith(f"{entry.path}/"):
            return special(entry)
        if entry.kind == "file" and encodes(entry.path):
            files.append(entry.path)
    near = _near_paths(path, files)
    hint = f" Did you mean {_either(near)}?" if near else " Check the path and the branch."
    return path_error("path.missing", f"There is no file {path} in commit {short_sha(sha)}.{hint}")


def branch_missing(branch: str, names: Sequence[str], *, repository: str) -> GitError:
    """The error for a branch that `repository` (its name in messages) does not have; it has those of `names`."""
    near = nearest(branch, names, most=3, cutoff=0.6) or names[:3]
    return GitError(
        f"{repository} has no branch {shown(branch)!r}. Did you mean {_either(near)}?"
        if near
        else f"{repository} has no branches.",
        code="branch.missing",
        permanent=True,
    )


def too_many_files(name: str) -> GitError:
    """The error for a commit of the repository `name` that has more files than can be packed."""
    return GitError(
        f"{name} has more files, or longer paths, than Mantik can list: with its submodules, a commit may have "
        f"{MAX_FILES:,} files. Keep data at the site, or split the repository up.",
        code="repository.too_many_files",
        permanent=True,
    )


def path_error(code: str, message: str) -> GitError:
    return GitError(message, code=code, permanent=True)


def shown(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:100]


def encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _near_paths(path: str, paths: list[str]) -> list[str]:
    same = [other for other in paths if other.casefold() == path.casefold()]
    name = posixpath.basename(path).casefold()
    elsewhere = [other for other in paths if posixpath.basename(other).casefold() == name]
    elsewhere.sort(key=lambda other: (other.count("/"), other))
    return (same or elsewhere or nearest(path, paths, most=2, cutoff=0.7))[:3]


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
