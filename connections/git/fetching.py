"""Bringing a mirror up to date. The only part that uses the network; workers call it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from connections.git.address import check_url, is_https, ssh_address
from connections.git.environment import https_environment, ssh_environment
from connections.git.errors import GitError
from connections.git.explain import explain
from connections.git.host_keys import HostKey
from connections.git.place import Note, Place, directory_size
from connections.git.process import GitFailed, GitTimedOut, OutputTooLarge, run_git
from connections.git.ssh import ssh_command
from connections.git.values import GitCredential, Login, SshKey
from mantik.lib.humanize import filesize, short_sha, spoken_duration

T = TypeVar("T")

_HEADS = "refs/heads/"
# Many packs make every read slow; merging them now and then costs little.
_MOST_PACKS = 20
READ_SECONDS = 20


@dataclass(frozen=True)
class Source:
    """`timeout` in seconds for one whole refresh, `max_bytes` for the mirror on disk."""

    url: str
    credential: Login | None = field(repr=False)
    host_key: HostKey | None
    ca_bundle: Path | None
    timeout: float
    max_bytes: int


@dataclass(frozen=True)
class _Remote:
    heads: dict[str, str]
    default: str | None


def refresh(place: Place, source: Source, *, waits: bool) -> None:
    """Make the mirror equal to its source. On failure it stays as it was, and GitError says why.

    While another refresh is under way this one waits for it, or else fails at once as "mirror.busy".
    """
    check_url(source.url)
    try:
        _under_lock(place, source, waits=waits)
    except OSError as error:
        raise GitError(
            f"Mantik cannot keep its copy of {source.url}: {error.strerror or 'its disk does not work'}. "
            "Ask an operator to look after the data directory.",
            code="mirror.disk",
            permanent=False,
        ) from error


def ensure(place: Place, source: Source, sha: str) -> None:
    """Have the one commit `sha`, whether or not a branch leads to it, and no more of its history than needed.

    For submodules, which are fetched for one commit at a time. Raises GitError.
    """
    check_url(source.url)
    deadline = time.monotonic() + source.timeout
    with place.locked(deadline=deadline) as lock:
        place.clear_leftovers()
        _Refresh(place, source, lock, deadline).ensure(sha)


def _under_lock(place: Place, source: Source, *, waits: bool) -> None:
    asked, now = time.time(), time.monotonic()
    deadline = now + source.timeout
    with place.locked(deadline=deadline if waits else now) as lock:
        note = place.note()
        # Somebody else's fetch that began after this call has brought what this one would bring.
        if note and note.url == source.url and asked <= note.began <= time.time():
            return
        place.clear_leftovers()
        _Refresh(place, source, lock, deadline).run()


class _Refresh:
    def __init__(self, place: Place, source: Source, lock: int, deadline: float) -> None:
        self.place = place
        self.source = source
        self.lock = lock
        self.deadline = deadline
        self.url = source.url

    def run(self) -> None:
        if self.place.note() is None:
            self._make()
            return
        try:
            self._update(self.place.git_dir)
        except GitError as error:
            if error.code != "mirror.damaged":
                raise
            self._make()

    def ensure(self, sha: str) -> None:
        if self.place.note() is None:
            self._make(lambda git_dir: self._bring(git_dir, sha))
        elif not self._has(self.place.git_dir, sha):
            self._bring(self.place.git_dir, sha)

    def _bring(self, git_dir: Path, sha: str) -> None:
        began = time.time()
        try:
            self._where_it_is(lambda: self._fetch(git_dir, "--depth=1", refs=sha))
        except GitError as error:
            if error.code != "commit.unknown":
                raise
            # Some hosts give single commits to nobody; it may still be on a branch.
            self._init(git_dir)
            self._update(git_dir)
        if not self._has(git_dir, sha):
            raise GitError(
                f"{self.source.url} has no commit {short_sha(sha)}. It may never have been pushed.",
                code="commit.missing",
                permanent=True,
            )
        self._check_size(git_dir)
        self.place.write_note(git_dir, Note(url=self.source.url, began=began, done=time.time(), branches=0))

    def _has(self, git_dir: Path, sha: str) -> bool:
        try:
            return run_git(["cat-file", "-t", sha], git_dir=git_dir, timeout=READ_SECONDS).strip() == b"commit"
        except (GitFailed, GitTimedOut):
            return False

    def _make(self, fill: Callable[[Path], None] | None = None) -> None:
        """In a directory of its own: half a mirror is never seen, whenever this is killed."""
        partial = self.place.partial
        try:
            self._init(partial)
            (fill or self._update)(partial)
            self.place.put_in_place()
        finally:
            self.place.clear_leftovers()

    def _init(self, git_dir: Path) -> None:
        """Does nothing to a repository that is there."""
        self._git(git_dir, "init", "--quiet", "--bare", "--template=")

    def _update(self, git_dir: Path) -> None:
        began = time.time()
        remote = self._look(git_dir)
        self._disown(git_dir)
        if remote.heads != self._local_heads(git_dir):
            self._fetch(git_dir)
        if remote.default:
            self._git(git_dir, "symbolic-ref", "HEAD", remote.default)
        self._check_size(git_dir)
        note = Note(url=self.source.url, began=began, done=time.time(), branches=len(remote.heads))
        self.place.write_note(git_dir, note)
        self._tidy(git_dir)

    def _disown(self, git_dir: Path) -> None:
        """Branches of another address are about to take the place of these: nobody may read them as the old ones."""
        note = self.place.note() if git_dir == self.place.git_dir else None
        if note and note.url != self.source.url:
            self.place.write_note(git_dir, replace(note, url=""))

    def _look(self, git_dir: Path) -> _Remote:
        remote = self._where_it_is(lambda: self._remote(git_dir))
        if not remote.heads:
            raise GitError(
                f"{self.source.url} has no branches yet. Push a commit to it first, or check the address.",
                code="repository.empty",
                permanent=False,
            )
        return remote

    def _where_it_is(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except GitError as error:
            if error.code != "redirected" or self.url.endswith(".git"):
                raise
            # GitLab redirects to the same address with .git at its end; other redirects are not followed.
            self.url = f"{self.url.rstrip('/')}.git"
            return ask()

    def _remote(self, git_dir: Path) -> _Remote:
        output = self._git(git_dir, "ls-remote", "--symref", "--", self.url, "HEAD", f"{_HEADS}*", network=True)
        heads: dict[str, str] = {}
        default: str | None = None
        for line in output.decode("utf-8", "surrogateescape").split("\n"):
            value, _, name = line.partition("\t")
            if name.startswith(_HEADS):
                heads[name] = value
            elif name == "HEAD" and value.startswith("ref: "):
                default = value.removeprefix("ref: ")
        return _Remote(heads, default if default in heads else _guess(heads))

    def _local_heads(self, git_dir: Path) -> dict[str, str]:
        # Asking for the date reads every commit: a damaged mirror is found out and made anew.
        form = "--format=%(objectname) %(committerdate:unix) %(refname)"
        lines = self._git(git_dir, "for-each-ref", form, _HEADS).decode("utf-8", "surrogateescape").split("\n")
        return {name: sha for sha, _, name in (line.split(" ", 2) for line in lines if line)}

    def _fetch(self, git_dir: Path, *more: str, refs: str = f"+{_HEADS}*:{_HEADS}*") -> None:
        options = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", *more)
        try:
            self._git(git_dir, "fetch", *options, "--", self.url, refs, network=True)
        except GitError:
            # Half a pack would count against the limit until the next refresh.
            self.place.clear_leftovers()
            raise

    def _check_size(self, git_dir: Path) -> None:
        if directory_size(git_dir) > self.source.max_bytes:
            raise GitError(
                f"{self.source.url} is larger than {filesize(self.source.max_bytes)}, the most that Mantik "
                "keeps of one repository. Keep data out of its history, or ask an operator to raise "
                "MANTIK_GIT_MAX_BYTES.",
                code="repository.too_big",
                permanent=True,
            )

    def _tidy(self, git_dir: Path) -> None:
        if sum(1 for _ in (git_dir / "objects" / "pack").glob("*.pack")) <= _MOST_PACKS:
            return
        # The mirror is up to date by now; it may as well stay untidy.
        with contextlib.suppress(GitError):
            self._git(git_dir, "repack", "--quiet", "-d", "--geometric=2")

    def _git(self, git_dir: Path, *arguments: str, network: bool = False) -> bytes:
        try:
            with self._environment() if network else contextlib.nullcontext() as environment:
                return run_git(
                    arguments,
                    git_dir=git_dir,
                    timeout=self.deadline - time.monotonic(),
                    environment=environment,
                    lock=self.lock,
                    watch=_every(4, lambda: self._check_size(git_dir)),
                )
        except GitFailed as failed:
            raise self._explain(failed.words) from None
        except GitTimedOut:
            raise self._timed_out() from None
        except OutputTooLarge:
            raise GitError(
                f"{self.source.url} has more branches than Mantik can list. Remove some of them.",
                code="repository.too_many_branches",
                permanent=True,
            ) from None

    @contextlib.contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        credential, address = self.source.credential, ssh_address(self.url)
        if is_https(self.url):
            token = credential if isinstance(credential, GitCredential) else None
            yield https_environment(url=self.url, credential=token, ca_bundle=self.source.ca_bundle)
        elif address:
            key = credential if isinstance(credential, SshKey) else None
            with ssh_command(self.place.ssh_files, address, key=key, host_key=self.source.host_key) as command:
                yield ssh_environment(command)
        else:
            yield {}

    def _explain(self, words: str) -> GitError:
        credential = self.source.credential
        return explain(
            words,
            url=self.url,
            token=credential.token if isinstance(credential, GitCredential) else "",
            has_login=isinstance(credential, GitCredential if is_https(self.url) else SshKey),
        )

    def _timed_out(self) -> GitError:
        allowed = spoken_duration(timedelta(seconds=self.source.timeout))
        return GitError(
            f"Fetching {self.source.url} took longer than {allowed} and was stopped. It is tried "
            "again; a large repository may need a higher MANTIK_GIT_TIMEOUT.",
            code="timeout",
            permanent=False,
        )


def _guess(heads: dict[str, str]) -> str | None:
    """For servers that do not say which branch is the default."""
    usual: Sequence[str] = (f"{_HEADS}main", f"{_HEADS}master")
    return next((name for name in usual if name in heads), min(heads, default=None))


def _every(nth: int, call: Callable[[], None]) -> Callable[[], None]:
    """Measuring a large directory twice a second would cost more than it is worth."""
    ticks = 0

    def watch() -> None:
        nonlocal ticks
        ticks += 1
        if ticks % nth == 0:
            call()

    return watch
