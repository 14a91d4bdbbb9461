"""What a fetch writes down for pages: the branches, and of some of them the paths and small texts of their commit.

`read` asks git and takes its time; `store` writes everything in the caller's transaction, so that pages see one fetch
or the next, never a mixture. Only the worker with the lease on the repository's row calls them.

Of a commit that is known already nothing is read again but paths that pages have asked for since. Which branches are
read: the default one, the newest ones, and those that a page has asked for.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import QuerySet

from connections.git.errors import GitError
from connections.git.lfs_store import POINTER_SIZES, Pointer
from connections.git.mirror import READ_LIMIT, Mirror
from connections.git.paths import encodes, require_no_pointer
from connections.git.values import Branch, TreeEntry
from connections.git.whole import Submodule
from mantik.lib.bulk import insert_rows, update_rows
from projects.code.listing import MOST_PATHS, first_of, pack
from projects.code.models import LONGEST_BRANCH, LONGEST_PATH, CodeBranch, CodeCommit, CodeFile, CodeText, WantedPath
from projects.code.server_calls import Searched
from projects.code.server_search import ServerSearch
from projects.models import CodeRepository

# How many branches are known by name, how many of the newest are read, and how many more that pages have asked for.
MOST_BRANCHES = 10_000
NEWEST_READ = 10
MOST_ASKED_READ = 40
# How many files of a commit are kept as text without being asked for, and how many bytes of them.
MOST_TEXTS = 100
MOST_TEXT_BYTES = 2 * 1024**2
MOST_WANTED_PATHS = 100
# For how long a branch or path that a page has asked for is read by each fetch.
ASKED_FOR = timedelta(days=30)
# A page that has read the branches a moment ago still finds their commits.
KEPT_AFTER = timedelta(minutes=10)
# The clock of the machine where a page asked may be behind that of the one that fetched.
_CLOCKS_APART = timedelta(minutes=1)
_TEXT_NAMES = ("mlproject", ".json", ".yaml", ".yml")
_COLUMNS = ("name", "is_default", "commit_sha", "commit_subject", "commit_author", "committed_at")


@dataclass(frozen=True)
class Text:
    """What is at a path: its content, or the sentence that says why that cannot be used."""

    content: bytes = field(default=b"", repr=False)
    fault: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class ReadCommit:
    """A commit that was not known yet: its packed listing, its texts by path, and the MLflow servers that it names."""

    listing: bytes = field(repr=False)
    is_whole: bool
    texts: dict[str, Text]
    servers: Searched


@dataclass(frozen=True)
class Snapshot:
    """`needed`: the commits that pages may read. `commits`, by hash, are new; `answers` are texts of known ones, and
    `searched` the MLflow servers of those that a release before this one has read."""

    branches: list[Branch]
    needed: list[str]
    commits: dict[str, ReadCommit]
    answers: dict[str, dict[str, Text]]
    searched: dict[str, Searched]


def read(repository: CodeRepository, mirror: Mirror, *, now: datetime) -> Snapshot:
    """Read what pages need from a mirror that was just fetched. Raises GitError."""
    branches = mirror.branches()
    needed = _needed(repository, branches, now)
    wanted = _wanted_paths(repository, now)
    known = dict(_of_branches(repository).filter(sha__in=needed).values_list("sha", "named_servers"))
    search = ServerSearch(mirror)
    commits = {sha: _read_commit(mirror, sha, wanted, search) for sha in needed if sha not in known}
    unsearched = [sha for sha, servers in known.items() if servers is None]
    searched = {sha: search.commit(mirror.listing(sha, most=MOST_PATHS)) for sha in unsearched}
    return Snapshot(branches, needed, commits, _answers(repository, mirror, known), searched)


def store(repository: CodeRepository, snapshot: Snapshot, *, now: datetime) -> None:
    """Write it all, and forget what no page needs any more. To be called in a transaction."""
    # Until this moment pages read these, however long ago the last fetch was.
    _of_branches(repository).filter(sha__in=repository.branches.values("commit_sha")).update(needed_at=now)
    _store_branches(repository, snapshot.branches)
    _store_commits(repository, snapshot, now)
    _forget(repository, now)


def store_submodules(repository: CodeRepository, submodules: Iterable[Submodule], *, now: datetime) -> None:
    """Note what a job got of submodules, for previews of the next one."""
    for submodule in submodules:
        entries = first_of(submodule.entries)
        CodeCommit.objects.update_or_create(
            code_repository=repository,
            sha=submodule.sha,
            is_of_submodule=True,
            defaults={
                "listing": pack(entries, submodule.lfs_bytes),
                "is_whole": len(entries) == len(submodule.entries),
                "failure": submodule.failure,
                "needed_at": now,
            },
        )


def _of_branches(repository: CodeRepository) -> QuerySet[CodeCommit]:
    return repository.commits.filter(is_of_submodule=False)


def _needed(repository: CodeRepository, branches: Sequence[Branch], now: datetime) -> list[str]:
    recently = repository.branches.filter(asked_at__gt=now - ASKED_FOR).order_by("-asked_at")
    asked = set(recently.values_list("name", flat=True)[:MOST_ASKED_READ])
    # The default branch is the first.
    read = [*branches[: NEWEST_READ + 1], *(branch for branch in branches if branch.name in asked)]
    return list(dict.fromkeys(branch.commit.sha for branch in read))


def _wanted_paths(repository: CodeRepository, now: datetime) -> list[str]:
    recently = repository.wanted_paths.filter(asked_at__gt=now - ASKED_FOR).order_by("-asked_at")
    return list(recently.values_list("path", flat=True)[:MOST_WANTED_PATHS])


def _answers(repository: CodeRepository, mirror: Mirror, known: Collection[str]) -> dict[str, dict[str, Text]]:
    """What known commits have at the paths that pages have asked for since the last fetch, by commit and path."""
    since = repository.branches_stored_at
    asked = repository.wanted_paths.filter(asked_at__gte=since - _CLOCKS_APART) if since else WantedPath.objects.none()
    paths = list(asked.values_list("path", flat=True)[:MOST_WANTED_PATHS])
    files = CodeFile.objects.filter(commit__code_repository=repository, path__in=paths)
    answered = set(files.values_list("commit__sha", "path"))
    new = {sha: [path for path in paths if (sha, path) not in answered] for sha in known}
    return {sha: {path: _read_path(mirror, sha, path) for path in unanswered} for sha, unanswered in new.items()}


def _read_commit(mirror: Mirror, sha: str, wanted: Iterable[str], search: ServerSearch) -> ReadCommit:
    found = mirror.listing(sha, most=MOST_PATHS)
    chosen = _chosen(found.entries)
    pointers = _may_be_pointers(mirror, sha, found.entries)
    texts: dict[str, Text] = {}
    lfs_bytes: dict[str, int] = {}
    for entry, content in mirror.blobs([*chosen, *pointers]):
        assert isinstance(content, bytes)
        if pointer := Pointer.parse(content):
            lfs_bytes[entry.path] = pointer.size
        if entry in chosen:
            texts[entry.path] = _checked(entry.path, content)
    listed = {entry.path for entry in found.entries}
    for path in wanted:
        # A whole listing says by itself that there is no such file.
        if path not in texts and (path in listed or not found.is_whole):
            texts[path] = _read_path(mirror, sha, path)
    return ReadCommit(pack(found.entries, lfs_bytes), found.is_whole, texts, search.commit(found))


def _chosen(entries: Iterable[TreeEntry]) -> dict[TreeEntry, None]:
    """The files to keep as text: MLprojects, then what may be a config, nearest to the top first."""
    named = (entry for entry in entries if entry.kind == "file" and _is_text(entry))
    total = 0
    chosen: dict[TreeEntry, None] = {}
    for entry in islice(sorted(named, key=_nearness), MOST_TEXTS):
        total += entry.size or 0
        if total > MOST_TEXT_BYTES:
            break
        chosen[entry] = None
    return chosen


def _is_text(entry: TreeEntry) -> bool:
    return (
        posixpath.basename(entry.path).casefold().endswith(_TEXT_NAMES)
        and (entry.size or 0) <= READ_LIMIT
        and len(entry.path) <= LONGEST_PATH
        and encodes(entry.path)
    )


def _nearness(entry: TreeEntry) -> tuple[bool, int, str]:
    is_project = posixpath.basename(entry.path).casefold() == "mlproject"
    return (not is_project, entry.path.count("/"), entry.path)


def _may_be_pointers(mirror: Mirror, sha: str, entries: Iterable[TreeEntry]) -> list[TreeEntry]:
    """The files that may be pointers of Git LFS, if the commit's attributes say that it uses LFS."""
    if not mirror.uses_lfs(sha):
        return []
    return [entry for entry in entries if entry.kind == "file" and entry.size in POINTER_SIZES]


def _checked(path: str, content: bytes) -> Text:
    try:
        require_no_pointer(path, content)
    except GitError as error:
        return Text(fault=error.message)
    return Text(content)


def _read_path(mirror: Mirror, sha: str, path: str) -> Text:
    """A file that a page has asked for. Raises GitError if trying again will help."""
    try:
        return Text(mirror.read(sha, path))
    except GitError as error:
        if not error.permanent:
            raise
        return Text(fault=error.message)


def _store_branches(repository: CodeRepository, branches: Sequence[Branch]) -> None:
    # The default one comes first.
    new = {row[0]: row for row in (_columns(branch, branch is branches[0]) for branch in _known_by_name(branches))}
    stored = {branch.name: branch for branch in repository.branches.all()}
    repository.branches.filter(pk__in=[branch.pk for name, branch in stored.items() if name not in new]).delete()
    changed = [stored[name] for name, row in new.items() if name in stored and _stored_columns(stored[name]) != row]
    for branch in changed:
        for column, value in zip(_COLUMNS, new[branch.name], strict=True):
            setattr(branch, column, value)
    update_rows(changed, columns=_COLUMNS)
    added = [row for name, row in new.items() if name not in stored]
    insert_rows(CodeBranch, added, columns=_COLUMNS, shared={"code_repository_id": repository.pk})


def _known_by_name(branches: Iterable[Branch]) -> Iterable[Branch]:
    return islice((branch for branch in branches if len(branch.name) <= LONGEST_BRANCH), MOST_BRANCHES)


def _columns(branch: Branch, is_default: bool) -> tuple[object, ...]:
    commit = branch.commit
    return (branch.name, is_default, commit.sha, commit.subject[:200], commit.author[:120], commit.committed_at)


def _stored_columns(branch: CodeBranch) -> tuple[object, ...]:
    return tuple(getattr(branch, column) for column in _COLUMNS)


def _store_commits(repository: CodeRepository, snapshot: Snapshot, now: datetime) -> None:
    _of_branches(repository).filter(sha__in=snapshot.needed).update(needed_at=now)
    CodeCommit.objects.bulk_create(
        CodeCommit(
            code_repository=repository,
            sha=sha,
            listing=found.listing,
            is_whole=found.is_whole,
            named_servers=found.servers.as_json,
            needed_at=now,
        )
        for sha, found in snapshot.commits.items()
    )
    for sha, searched in snapshot.searched.items():
        _of_branches(repository).filter(sha=sha).update(named_servers=searched.as_json)
    texts = {sha: found.texts for sha, found in snapshot.commits.items()} | snapshot.answers
    _store_texts(repository, {sha: found for sha, found in texts.items() if found})


def _store_texts(repository: CodeRepository, texts: Mapping[str, Mapping[str, Text]]) -> None:
    """`texts` by path, by commit."""
    contents = {text.sha256: text.content for found in texts.values() for text in found.values() if not text.fault}
    known = set(_ids(repository, contents))
    CodeText.objects.bulk_create(
        CodeText(code_repository=repository, sha256=sha256, content=content)
        for sha256, content in contents.items()
        if sha256 not in known
    )
    ids = _ids(repository, contents)
    commits = dict(_of_branches(repository).filter(sha__in=texts).values_list("sha", "pk"))
    rows = [
        (commits[sha], path, None if text.fault else ids[text.sha256], text.fault)
        for sha, found in texts.items()
        for path, text in found.items()
    ]
    insert_rows(CodeFile, rows, columns=("commit_id", "path", "text_id", "fault"))


def _ids(repository: CodeRepository, sha256s: Collection[str]) -> dict[str, int]:
    return dict(repository.texts.filter(sha256__in=sha256s).values_list("sha256", "pk"))


def _forget(repository: CodeRepository, now: datetime) -> None:
    """Delete the commits that no branch has any more, with their texts, and what pages no longer ask for."""
    _of_branches(repository).filter(needed_at__lt=now - KEPT_AFTER).delete()
    repository.commits.filter(is_of_submodule=True, needed_at__lt=now - ASKED_FOR).delete()
    repository.texts.filter(files=None).delete()
    WantedPath.objects.filter(code_repository=repository, asked_at__lt=now - ASKED_FOR).delete()
