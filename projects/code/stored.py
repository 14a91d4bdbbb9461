"""Reading code in pages: from the database, where the worker that fetched has written it (`projects.code.snapshot`).

A page starts no git and reads no copy, which another machine may have. What no fetch has read yet, a path that nobody
has named before or a branch of many, is noted as `unread`: the page says that it is being read, and asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from connections.git.errors import GitError
from connections.git.paths import branch_missing, folder, path_missing, plain_path, require_file, shown
from connections.git.values import MAX_SUBMODULE_DEPTH, MAX_SUBMODULES, TOO_MANY_SUBMODULES, USUAL_PATH, Branch, Commit
from projects.code.listing import MOST_PATHS, Listed, unpack
from projects.code.models import LONGEST_BRANCH, LONGEST_PATH, CodeCommit, CodeText
from projects.code.server_calls import Searched
from projects.models import CodeRepository

# Bytes of a file that is read.
READ_LIMIT = 256 * 1024


@dataclass
class Unread:
    """What a page needs and no fetch has read yet: the files of the branches, at the paths."""

    branches: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.branches or self.paths)


@dataclass
class StoredWhole:
    """All files of a commit, with those of submodules that a job has had before.

    `missing` says by path why a submodule could not be fetched, as the end of a sentence; `later` are submodules that
    no job has had yet. If it is not `is_whole`, there are more files than are known.
    """

    entries: list[Listed] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    later: list[str] = field(default_factory=list)
    is_whole: bool = True


class StoredCode:
    """The branches and files of a code repository. For one request: it reads branches and lists of files only once.

    `branches`, `resolve` and `read` raise GitError.
    """

    def __init__(self, repository: CodeRepository) -> None:
        self.repository = repository
        self.unread = Unread()
        self._commits: dict[str, _StoredCommit | None] = {}

    def branches(self) -> list[Branch]:
        """The default branch first, then the one with the newest commit."""
        if not self._branches:
            raise GitError(
                f"{self.repository.url} has not been read yet; a worker is fetching it.",
                code="mirror.missing",
                permanent=False,
            )
        return self._branches

    def resolve(self, branch: str) -> Commit:
        """The newest commit of the branch with exactly this name."""
        found = next((known.commit for known in self.branches() if known.name == branch), None)
        if found is not None:
            return found
        if len(branch) > LONGEST_BRANCH:
            raise GitError(
                f"The name of the branch {shown(branch)}... has {len(branch)} characters; a run takes one of "
                f"{LONGEST_BRANCH} at most. Give the branch a shorter name.",
                code="branch.missing",
                permanent=True,
            )
        count, listed = self.repository.branch_count or 0, len(self._branches)
        if count > listed:
            raise GitError(
                f"{self.repository.url} has {count} branches, and only the {listed} with the newest commits can "
                f"be used: {shown(branch)} is not one of them. Push a commit to it, or remove old branches.",
                code="branch.missing",
                permanent=True,
            )
        raise branch_missing(branch, [known.name for known in self._branches], repository=self.repository.url)

    def read(self, sha: str, path: str) -> bytes:
        """A regular file of a commit; `path` from the top of the repository."""
        path = plain_path(path)
        commit = self._commit(sha)
        if commit is None:
            self.unread.branches |= {branch.name for branch in self._branches if branch.commit.sha == sha}
            raise self._not_read(path)
        if path in commit.files:
            return commit.read(path)
        commit.require_maybe(path)
        if len(path) <= LONGEST_PATH:
            self.unread.paths.add(path)
        raise self._not_read(path)

    def whole(self, sha: str, *, wanted: Callable[[str], bool]) -> StoredWhole | None:
        """All files of a commit, those of submodules as far as they are `wanted`; None if it was not read yet."""
        commit = self._commit(sha)
        if commit is None:
            return None
        if not commit.row.is_whole:
            return StoredWhole(is_whole=False)
        # Listings are read when they are needed: those of all that jobs have had may be large together.
        rows = self.repository.commits.filter(is_of_submodule=True).defer("listing")
        submodules = {known.sha: known for known in rows}
        gathering = _Gathering(wanted, submodules)
        gathering.add(commit.listing, "", 0)
        return gathering.found

    def named_servers(self, sha: str) -> Searched | None:
        """The MLflow servers that the code of a commit names; None if no fetch has looked for them yet."""
        commit = self._commit(sha)
        return Searched.from_json(commit.row.named_servers) if commit and commit.row.named_servers else None

    @property
    def is_awaited(self) -> bool:
        """Whether something that was asked for is being read, so that it is worth looking again soon."""
        return self.repository.awaits_fetch and (bool(self.unread) or not self._branches)

    @cached_property
    def _branches(self) -> list[Branch]:
        # In one statement with the address, which may have been changed meanwhile.
        of_this_address = self.repository.branches.filter(code_repository__branches_url=self.repository.url)
        rows = of_this_address.order_by("-is_default", "-committed_at", "name")
        return [
            Branch(row.name, Commit(row.commit_sha, row.commit_subject, row.commit_author, row.committed_at))
            for row in rows
        ]

    def _commit(self, sha: str) -> _StoredCommit | None:
        if sha not in self._commits:
            row = self.repository.commits.filter(sha=sha, is_of_submodule=False).defer("listing").first()
            self._commits[sha] = _StoredCommit(row) if row else None
        return self._commits[sha]

    def _not_read(self, path: str) -> GitError:
        repository = self.repository
        if repository.fetch_error and not repository.awaits_fetch:
            message = f"{path} could not be read yet. {repository.fetch_error}"
        else:
            message = f"{path} is being read from {repository.url}. This takes a moment."
        return GitError(message, code="path.unread", permanent=False)


class _StoredCommit:
    def __init__(self, row: CodeCommit) -> None:
        self.row = row

    @cached_property
    def files(self) -> dict[str, tuple[int | None, str]]:
        """The key of each text, and what is wrong with it, by path."""
        return {path: (text, fault) for path, text, fault in self.row.files.values_list("path", "text_id", "fault")}

    @cached_property
    def listing(self) -> list[Listed]:
        return unpack(self.row.listing)

    def read(self, path: str) -> bytes:
        text, fault = self.files[path]
        if text is None:
            raise GitError(fault, code="path", permanent=True)
        return bytes(CodeText.objects.values_list("content", flat=True).get(pk=text))

    def require_maybe(self, path: str) -> None:
        """Raises GitError if the commit has no such file, as far as that is known."""
        entry = next((entry for entry in self.listing if entry.path == path), None)
        if entry is not None:
            require_file(entry, limit=READ_LIMIT)
        elif any(other.path.startswith(f"{path}/") for other in self.listing):
            raise folder(path)
        elif self.row.is_whole:
            raise path_missing(path, self.row.sha, self.listing)


@dataclass
class _Gathering:
    """Puts a commit and its submodules together. A few submodules that name each other would make millions of files, so
    it stops where there are more than one commit may have."""

    wanted: Callable[[str], bool]
    submodules: dict[str, CodeCommit]
    found: StoredWhole = field(default_factory=StoredWhole)
    listed: int = 0
    longer: int = 0
    entered: int = 0
    unpacked: dict[str, list[Listed]] = field(default_factory=dict)

    def add(self, entries: list[Listed], prefix: str, depth: int) -> None:
        self.listed += len(entries)
        self.longer += len(entries) * len(prefix)
        if self.listed > MOST_PATHS or self.longer > MOST_PATHS * USUAL_PATH:
            self.found.is_whole = False
        for entry in entries:
            if not self.found.is_whole:
                return
            path = prefix + entry.path
            if entry.kind != "submodule" or not self.wanted(path) or not self._add_submodule(entry, path, depth):
                self.found.entries.append(entry._replace(path=path) if prefix else entry)

    def _add_submodule(self, entry: Listed, path: str, depth: int) -> bool:
        known = self.submodules.get(entry.object_id)
        if depth >= MAX_SUBMODULE_DEPTH or self.entered >= MAX_SUBMODULES:
            self.found.missing[path] = TOO_MANY_SUBMODULES
            return False
        if known is None:
            self.found.later.append(path)
            return False
        if known.failure:
            self.found.missing[path] = known.failure
            return False
        self.entered += 1
        self.found.is_whole = self.found.is_whole and known.is_whole
        self.add(self._listing(known), f"{path}/", depth + 1)
        return True

    def _listing(self, submodule: CodeCommit) -> list[Listed]:
        if submodule.sha not in self.unpacked:
            self.unpacked[submodule.sha] = unpack(submodule.listing)
        return self.unpacked[submodule.sha]
