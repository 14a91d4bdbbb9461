"""Where a mirror lives on disk, what is noted about it, and the lock that only one refresh holds."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from connections.git.errors import GitError

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NOTE = "mantik.json"


@dataclass(frozen=True)
class Note:
    """The last good fetch: its `url`, when it `began` and was `done` (Unix seconds), and the number of `branches`.

    `url` is "" from when a fetch from another address begins until one succeeds. `branches` is 0 in mirrors of single
    commits, whatever else came with them.
    """

    url: str
    began: float
    done: float
    branches: int


class Place:
    """The directory of the mirror `key` below `root`."""

    def __init__(self, *, root: Path, key: str) -> None:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} cannot name a mirror")
        self.root = root
        self.git_dir = root / f"{key}.git"
        self.partial = root / f"{key}.partial"
        # The old mirror, while a new one takes its place.
        self.replaced = root / f"{key}.old"
        self.ssh_files = root / f"{key}.ssh"
        # The files of Git LFS. They are beside the mirror, so that they stay if it is damaged and replaced.
        self.objects = root / f"{key}.lfs"
        # The name that older versions of Mantik gave to `replaced`.
        self._replaced_before = root / f"{key}.partial.old"
        # Where older versions of Mantik noted why a submodule could not be fetched.
        self._failure_before = root / f"{key}.failure"
        self._lock_file = root / f"{key}.lock"

    def note(self) -> Note | None:
        """The note of the last good fetch; None before the first one."""
        try:
            found = json.loads((self.git_dir / _NOTE).read_text())
            return Note(
                url=str(found["url"]),
                began=float(found["began"]),
                done=float(found["done"]),
                branches=int(found["branches"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_note(self, git_dir: Path, note: Note) -> None:
        new = git_dir / f"{_NOTE}.new"
        new.write_text(json.dumps(asdict(note)))
        new.replace(git_dir / _NOTE)

    def fetched_at(self) -> datetime | None:
        note = self.note()
        return datetime.fromtimestamp(note.done, UTC) if note else None

    @contextlib.contextmanager
    def locked(self, *, deadline: float) -> Iterator[int]:
        """Hold the mirror's lock while inside. Yields its descriptor, or raises GitError at `deadline` (monotonic).

        It is made with flock, which belongs to the open file and is shared with the git processes that inherit it: if a
        worker is killed and its git lives on, the lock becomes free only when that git has ended, too.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, deadline)
            yield descriptor
        finally:
            os.close(descriptor)

    def clear_leftovers(self) -> None:
        """Remove what a killed refresh left behind. Only under the lock, so that nobody is using it."""
        for directory in (self.partial, self.replaced, self._replaced_before, self.ssh_files):
            shutil.rmtree(directory, ignore_errors=True)
        clear_half_written(self.git_dir)

    def remove(self) -> None:
        """Remove the mirror and everything beside it. Only under the lock."""
        self.clear_leftovers()
        for directory in (self.git_dir, self.objects):
            shutil.rmtree(directory, ignore_errors=True)
        self._failure_before.unlink(missing_ok=True)
        self._lock_file.unlink(missing_ok=True)

    def put_in_place(self) -> None:
        """The finished partial copy becomes the mirror."""
        shutil.rmtree(self.replaced, ignore_errors=True)
        if self.git_dir.exists():
            self.git_dir.rename(self.replaced)
        self.partial.rename(self.git_dir)
        shutil.rmtree(self.replaced, ignore_errors=True)


def clear_half_written(git_dir: Path) -> None:
    """Remove the locks and half packs of a git that has ended. Only under the lock."""
    for directory, pattern in (
        (git_dir, "*.lock"),
        (git_dir / "refs", "**/*.lock"),
        (git_dir / "objects", "**/*.lock"),
        (git_dir / "objects", "**/tmp_*"),
        (git_dir / "objects" / "pack", ".tmp-*"),
    ):
        for path in list(directory.glob(pattern)):
            _remove(path)


@contextlib.contextmanager
def disk_explained(name: str) -> Iterator[None]:
    """Turns an error of the disk into a GitError, for a block that writes. Messages call the repository `name`."""
    try:
        yield
    except OSError as error:
        raise GitError(
            f"Mantik cannot store its copy of {name}: {error.strerror or 'its disk does not work'}. "
            "Ask an operator to check the data directory.",
            code="mirror.disk",
            permanent=False,
        ) from error


def keys_below(root: Path, names: str) -> set[str]:
    """The keys of the mirrors that have a file or folder below `root` whose name matches the pattern `names`.

    What a file system puts there itself, such as .nfs0001 for a file that is still open, belongs to no mirror.
    """
    keys = {path.name.partition(".")[0] for path in root.glob(names)}
    return {key for key in keys if _KEY.fullmatch(key)}


def directory_size(directory: Path) -> int:
    """The bytes of all files below `directory`. A file that vanishes meanwhile does not count."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(parent) / name).lstat().st_size
    return total


def _lock(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise GitError(
                    "An earlier fetch of this repository has not ended yet. Mantik tries again.",
                    code="mirror.busy",
                    permanent=False,
                ) from None
            time.sleep(0.05)
        else:
            return


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
