"""What a code repository offers to run: its MLprojects with their entry points, and its configs.

Of the newest commit of the default branch, from the texts that the last fetch has stored. Two queries; what is parsed
is bounded, and what is left out is counted.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.humanize import counted
from projects.models import CodeRepository
from projects.permissions import Action, may
from runs.backend_config.errors import BackendConfigError
from runs.backend_config.reader import parse_backend_config
from runs.mlproject.errors import MLprojectError
from runs.mlproject.reader import parse_mlproject

MOST_MLPROJECTS, MOST_CONFIGS = 20, 20
# Every config has this key, and hardly any other file.
_MARK = b"Resources"


@dataclass(frozen=True)
class EntryPointLine:
    """`new_run_url` is None for those who may not start a run, and where `fault` says why it cannot be run."""

    name: str
    parameters: str = ""
    fault: str = ""
    new_run_url: str | None = None


@dataclass(frozen=True)
class FileLine:
    """An MLproject with its `entry_points`, or a config with a `note` of what it asks for."""

    path: str
    note: str = ""
    faults: tuple[str, ...] = ()
    entry_points: tuple[EntryPointLine, ...] = ()
    new_run_url: str | None = None


@dataclass
class CodeContents:
    """`more_mlprojects` and `more_configs` are how many are not listed."""

    branch: str
    mlprojects: list[FileLine] = field(default_factory=list)
    configs: list[FileLine] = field(default_factory=list)
    more_mlprojects: int = 0
    more_configs: int = 0


@dataclass(frozen=True)
class _File:
    path: str
    content: bytes = b""
    fault: str = ""


@dataclass(frozen=True)
class _Links:
    """To the form of a new run. `config` is the only one there is, "" if there are others."""

    repository: CodeRepository
    branch: str
    may_run: bool
    config: str = ""

    def url(self, *, mlproject: str = "", entry_point: str = "", config: str = "") -> str | None:
        if not self.may_run:
            return None
        wish = {
            "branch": self.branch,
            "mlproject_path": mlproject,
            "entry_point": entry_point,
            "backend_config_path": config or self.config,
        }
        more = urlencode({name: value for name, value in wish.items() if value})
        slug = self.repository.project.slug
        return f"{reverse('runs:new', args=[slug])}?code_repository={self.repository.uuid}&{more}"


def code_contents(repository: CodeRepository, user: User | AnonymousUser) -> CodeContents | None:
    """None if the default branch has not been read yet."""
    default = repository.branches.filter(is_default=True, code_repository__branches_url=repository.url).first()
    if default is None:
        return None
    files = _files(repository, default.commit_sha)
    mlprojects = [file for file in files if posixpath.basename(file.path).casefold().startswith("mlproject")]
    configs = [file for file in files if file not in mlprojects and _MARK in file.content]
    only = configs[0].path if len(configs) == 1 else ""
    links = _Links(repository, default.name, may(user, Action.ADD_RUN, repository.project), only)
    return CodeContents(
        default.name,
        [_mlproject(file, links) for file in mlprojects[:MOST_MLPROJECTS]],
        [_config(file, links, mlprojects) for file in configs[:MOST_CONFIGS]],
        max(0, len(mlprojects) - MOST_MLPROJECTS),
        max(0, len(configs) - MOST_CONFIGS),
    )


def _files(repository: CodeRepository, sha: str) -> list[_File]:
    """The texts of the commit, nearest to the top first."""
    commits = repository.commits.filter(sha=sha, is_of_submodule=False)
    rows = commits.values_list("files__path", "files__text__content", "files__fault")
    found = [_File(path, bytes(content or b""), fault) for path, content, fault in rows if path]
    return sorted(found, key=lambda file: (file.path.count("/"), file.path))


def _mlproject(file: _File, links: _Links) -> FileLine:
    if file.fault:
        return FileLine(file.path, faults=(file.fault,))
    try:
        project = parse_mlproject(file.content, path=file.path)
    except MLprojectError as error:
        return FileLine(file.path, faults=tuple(problem.message for problem in error.problems))
    usable = [
        EntryPointLine(
            entry_point.name,
            ", ".join(parameter.name for parameter in entry_point.parameters),
            new_run_url=links.url(mlproject=file.path, entry_point=entry_point.name),
        )
        for entry_point in project.entry_points.values()
    ]
    broken = [EntryPointLine(name, fault=problems[0].message) for name, problems in project.broken.items()]
    return FileLine(file.path, entry_points=(*usable, *broken))


def _config(file: _File, links: _Links, mlprojects: Iterable[_File]) -> FileLine:
    try:
        resources = parse_backend_config(file.content, path=file.path).resources
    except BackendConfigError as error:
        return FileLine(file.path, faults=tuple(problem.message for problem in error.problems))
    nodes = counted(resources.nodes, "node", "nodes") if resources.nodes else ""
    note = " · ".join(filter(None, (f"queue {resources.queue}", nodes)))
    first = next((mlproject.path for mlproject in mlprojects), "")
    return FileLine(file.path, note, new_run_url=links.url(mlproject=first, config=file.path))
