"""Bringing a mirror up to date. The only part that uses the network; workers call it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from connections.git.address import check_url, host_of, is_https, ssh_address
from connections.git.environment import https_environment, ssh_environment
from connections.git.errors import GitError
from connections.git.explain import explain
from connections.git.host_keys import HostKey
from connections.git.place import Note, Place, clear_half_written, directory_size, disk_explained
from connections.git.process import GitFailed, GitTimedOut, OutputTooLarge, run_git
from connections.git.ssh import ssh_command
from connections.git.values import GitCredential, Login, SshKey
from mantik.lib.humanize import filesize, short_sha, spoken_duration

T = TypeVar("T")

_HEADS = "refs/heads/"
# Packs that a mirror may have before they are merged: many packs make every read slow.
MAX_PACKS = 20
# The time limit of a local question to git, which takes far less unless something is broken.
_READ_SECONDS = 20
# `watch` is called twice a second (process._TICK); measuring a large directory as often would cost too much.
_TICKS_BETWEEN_MEASURES = 4


@dataclass(frozen=True)
class Source:
    """Where a mirror is fetched from, with which login, and the limits of that.

    `timeout`, in seconds, is for a whole refresh, `answer_timeout` for its first question. `max_bytes` is for the
    mirror on disk.
    """

    url: str
    credential: Login | None = field(repr=False)
    host_key: HostKey | None
    ca_bundle: Path | None
    timeout: float
    answer_timeout: float
    max_bytes: int


def _ignored() -> None:
    pass


@dataclass(frozen=True)
class _Remote:
    """The branches of the source, commit by name, and the default one of them."""

    heads: dict[str, str]
    default: str


def refresh(
    place: Place,
    source: Source,
    *,
    waits: bool,
    asked: float | None = None,
    watch: Callable[[], None] = _ignored,
) -> bool:
    """Make the mirror equal to its source. Raises GitError if that fails.

    A first fetch that fails leaves nothing. A later one leaves a mirror that can be read; its branches may have moved,
    and those of another address are no longer given out.

    While another refresh is under way, this one waits for it or, without `waits`, raises "mirror.busy" at once. If the
    last good one began after `asked` (Unix seconds, by default now), that is enough, and False is returned. `watch` is
    called twice a second while git works, and may raise to stop it.
    """
    check_url(source.url)
    with disk_explained(source.url):
        return _under_lock(place, source, waits=waits, asked=time.time() if asked is None else asked, watch=watch)


def ensure(place: Place, source: Source, sha: str) -> None:
    """Fetch the one commit `sha`, whether or not a branch leads to it, with as little history as possible.

    For submodules, which are fetched one commit at a time. Raises GitError.
    """
    check_url(source.url)
    deadline = time.monotonic() + source.timeout
    with disk_explained(source.url), place.locked(deadline=deadline) as lock:
        place.clear_leftovers()
        _Refresh(place, source, lock, deadline).ensure(sha)


def _under_lock(place: Place, source: Source, *, waits: bool, asked: float, watch: Callable[[], None]) -> bool:
    now = time.monotonic()
    deadline = now + source.timeout
    with place.locked(deadline=deadline if waits else now) as lock:
        note = place.note()
        # Another worker's fetch that began after this was asked for has brought what this one would bring.
        if note and note.url == source.url and asked <= note.began <= time.time():
            return False
        place.clear_leftovers()
        _Refresh(place, source, lock, deadline, watch).run()
    return True


class _Refresh:
    def __init__(
        self, place: Place, source: Source, lock: int, deadline: float, watch: Callable[[], None] = _ignored
    ) -> None:
        self.place = place
        self.source = source
        self.lock = lock
        self.deadline = deadline
        self.watch = watch
        # The address that git uses: `source.url`, or where that redirects to. Git's own words are about it.
        self.asked_url = source.url

    def run(self) -> None:
        self._fill(self._update)

    def ensure(self, sha: str) -> None:
        if self.place.note() is None or not self._has(self.place.git_dir, sha):
            self._fill(lambda git_dir: self._bring(git_dir, sha))

    def _fill(self, bring: Callable[[Path], None]) -> None:
        """Call `bring` with the mirror or, if there is none or it is damaged, with a new one."""
        if self.place.note() is None:
            self._make(bring)
            return
        try:
            bring(self.place.git_dir)
        except GitError as error:
            if error.code != "mirror.damaged":
                raise
            self._make(bring)

    def _bring(self, git_dir: Path, sha: str) -> None:
        began = time.time()
        try:
            self._also_with_dot_git(lambda: self._fetch(git_dir, "--depth=1", refs=sha))
        except GitError as error:
            if error.code != "commit.unknown":
                raise
            # Some hosts do not serve single commits; this one may still be on a branch.
            self._update(git_dir)
        if not self._has(git_dir, sha):
            raise GitError(
                f"{self.source.url} has no commit {short_sha(sha)}. Perhaps it was never pushed.",
                code="commit.missing",
                permanent=True,
            )
        self._check_size(git_dir)
        if git_dir == self.place.git_dir and (note := self.place.note()) and note.branches:
            # A mirror of branches stays one, and this was no fetch of its branches.
            return
        # 0 branches even if `_update` brought some: a mirror of single commits must not pass for one of branches.
        self.place.write_note(git_dir, Note(url=self.source.url, began=began, done=time.time(), branches=0))

    def _has(self, git_dir: Path, sha: str) -> bool:
        try:
            return run_git(["cat-file", "-t", sha], git_dir=git_dir, timeout=_READ_SECONDS).strip() == b"commit"
        except (GitFailed, GitTimedOut):
            return False

    def _make(self, bring: Callable[[Path], None]) -> None:
        """Make a new mirror in a directory of its own, so that nobody sees half a mirror if this process is killed."""
        partial = self.place.partial
        try:
            self._git(partial, "init", "--quiet", "--bare", "--template=")
            bring(partial)
            self.place.put_in_place()
        finally:
            self.place.clear_leftovers()

    def _update(self, git_dir: Path) -> None:
        began = time.time()
        remote = self._remote_with_branches(git_dir)
        self._disown(git_dir)
        if remote.heads != self._local_heads(git_dir):
            self._fetch(git_dir)
        self._git(git_dir, "symbolic-ref", "HEAD", remote.default)
        self._check_size(git_dir)
        note = Note(url=self.source.url, began=began, done=time.time(), branches=len(remote.heads))
        self.place.write_note(git_dir, note)
        self._tidy(git_dir)

    def _disown(self, git_dir: Path) -> None:
        """Note that the branches of another address are about to replace those of the old one.

        From then on no branch of this mirror is given out until the fetch has succeeded.
        """
        note = self.place.note() if git_dir == self.place.git_dir else None
        if note and note.url != self.source.url:
            self.place.write_note(git_dir, replace(note, url=""))

    def _remote_with_branches(self, git_dir: Path) -> _Remote:
        heads, default = _parse_listed(self._also_with_dot_git(lambda: self._ls_remote(git_dir)))
        if not heads:
            raise GitError(
                f"{self.source.url} has no branches yet. Push a commit to it first, or check the address.",
                code="repository.empty",
                permanent=False,
            )
        return _Remote(heads, default if default in heads else _guess(heads))

    def _also_with_dot_git(self, ask: Callable[[], T]) -> T:
        """`ask`, and once more with .git at the end of the address if the host redirects."""
        try:
            return ask()
        except GitError as error:
            if error.code != "redirected" or self.asked_url.endswith(".git"):
                raise
            # As GitLab does; other redirects are not followed.
            self.asked_url = f"{self.asked_url.rstrip('/')}.git"
            return ask()

    def _ls_remote(self, git_dir: Path) -> bytes:
        question = ("ls-remote", "--symref", "--", self.asked_url, "HEAD", f"{_HEADS}*")
        # This finds a host that hangs, long before the time that a large repository may take.
        return self._git(git_dir, *question, network=True, is_first=True)

    def _local_heads(self, git_dir: Path) -> dict[str, str]:
        # The date is asked for because git then reads every commit, which finds a damaged mirror.
        form = "--format=%(objectname) %(committerdate:unix) %(refname)"
        lines = self._git(git_dir, "for-each-ref", form, _HEADS).decode("utf-8", "surrogateescape").split("\n")
        return {name: sha for sha, _, name in (line.split(" ", 2) for line in lines if line)}

    def _fetch(self, git_dir: Path, *more: str, refs: str = f"+{_HEADS}*:{_HEADS}*") -> None:
        options = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", *more)
        try:
            self._git(git_dir, "fetch", *options, "--", self.asked_url, refs, network=True)
        except GitError:
            # Half a pack would count against the limit until the next refresh.
            clear_half_written(git_dir)
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
        if sum(1 for _ in (git_dir / "objects" / "pack").glob("*.pack")) <= MAX_PACKS:
            return
        # If this fails, the mirror is up to date all the same.
        with contextlib.suppress(GitError):
            self._git(git_dir, "repack", "--quiet", "-d", "--geometric=2")

    def _git(self, git_dir: Path, *arguments: str, network: bool = False, is_first: bool = False) -> bytes:
        left = self.deadline - time.monotonic()
        is_short = is_first and self.source.answer_timeout < left
        try:
            with self._environment() if network else contextlib.nullcontext() as environment:
                return run_git(
                    arguments,
                    git_dir=git_dir,
                    timeout=self.source.answer_timeout if is_short else left,
                    environment=environment,
                    lock=self.lock,
                    watch=self._watch(git_dir),
                )
        except GitFailed as failed:
            raise self._explain(failed.words) from None
        except GitTimedOut:
            raise (self._silent() if is_short else self._timed_out()) from None
        except OutputTooLarge:
            raise GitError(
                f"{self.source.url} has more branches than Mantik can list. Remove some of them.",
                code="repository.too_many_branches",
                permanent=True,
            ) from None

    def _watch(self, git_dir: Path) -> Callable[[], None]:
        measure = _every(_TICKS_BETWEEN_MEASURES, lambda: self._check_size(git_dir))

        def watch() -> None:
            self.watch()
            measure()

        return watch

    @contextlib.contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        credential, address = self.source.credential, ssh_address(self.asked_url)
        if is_https(self.asked_url):
            token = credential if isinstance(credential, GitCredential) else None
            yield https_environment(url=self.asked_url, credential=token, ca_bundle=self.source.ca_bundle)
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
            url=self.asked_url,
            token=credential.token if isinstance(credential, GitCredential) else "",
            has_login=isinstance(credential, GitCredential if is_https(self.asked_url) else SshKey),
        )

    def _silent(self) -> GitError:
        allowed = spoken_duration(timedelta(seconds=self.source.answer_timeout))
        return GitError(
            f"{host_of(self.source.url)} did not answer within {allowed}. Check the address if this goes on.",
            code="silent",
            permanent=False,
        )

    def _timed_out(self) -> GitError:
        allowed = spoken_duration(timedelta(seconds=self.source.timeout))
        return GitError(
            f"Fetching {self.source.url} took longer than {allowed} and was stopped. Mantik tries again. If the "
            "repository is large, ask an operator to raise MANTIK_GIT_TIMEOUT.",
            code="timeout",
            permanent=False,
        )


def _parse_listed(output: bytes) -> tuple[dict[str, str], str]:
    """The heads in the `output` of `git ls-remote --symref`, and the default branch that it names, or ""."""
    heads: dict[str, str] = {}
    default = ""
    for line in output.decode("utf-8", "surrogateescape").split("\n"):
        value, _, name = line.partition("\t")
        if name.startswith(_HEADS):
            heads[name] = value
        elif name == "HEAD" and value.startswith("ref: "):
            default = value.removeprefix("ref: ")
    return heads, default


def _guess(heads: dict[str, str]) -> str:
    """The default branch of a server that names none, or one that does not exist."""
    usual = (f"{_HEADS}main", f"{_HEADS}master")
    return next((name for name in usual if name in heads), min(heads))


def _every(nth: int, call: Callable[[], None]) -> Callable[[], None]:
    """A function that calls `call` every `nth` time that it is called."""
    ticks = 0

    def watch() -> None:
        nonlocal ticks
        ticks += 1
        if ticks % nth == 0:
            call()

    return watch
