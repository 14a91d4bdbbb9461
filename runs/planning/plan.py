"""Makes a plan of what a filled-in form would run: commit, entry point, resources, and everything that is wrong.

The form, its preview and RUN! itself all make the same plan, so what was shown is what is stored. They read the code
from the database (`projects/code/stored.py`), a worker from its mirror; a plan never waits for a git host or a site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from django.utils import timezone

from connections.git.errors import GitError
from connections.git.values import Branch, Commit
from connections.logins.login_health import caution_before_use
from connections.models import Connection
from connections.outages.breaker import caution_of_silence
from projects.models import CodeRepository
from runs.backend_config import (
    BackendConfig,
    BackendConfigError,
    parse_backend_config,
    same_site,
)
from runs.mlproject import (
    EntryPoint,
    MLproject,
    MLprojectError,
    ParameterErrors,
    mlproject_candidates,
    parse_mlproject,
)
from runs.mlproject.wording import shortened
from runs.planning.site_rules import refused_by_site

PARAMETER_PREFIX = "param-"


class Code(Protocol):
    """Where the branches and files of a code repository are read. All methods raise GitError."""

    def branches(self) -> list[Branch]: ...
    def resolve(self, branch: str) -> Commit: ...
    def read(self, sha: str, path: str) -> bytes: ...


@dataclass(frozen=True)
class Choices:
    """The form's code and site fields as far as they are filled in; parameters by name."""

    code_repository: CodeRepository | None = None
    branch: str = ""
    mlproject_path: str = ""
    entry_point: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    backend_config_path: str = ""
    connection: Connection | None = None
    compute_budget_account: str = ""
    # What the site would refuse by its last test is only a warning: the member knows better, or nobody can be asked.
    run_anyway: bool = False
    # Form fields whose value the form itself has proposed. If such a value is not available, another replaces it. If
    # a value that the member has chosen is not available, that is a problem.
    proposed: frozenset[str] = frozenset()
    # Leave out parameters that the entry point does not take, as the member has asked.
    leave_out_unknown: bool = False


@dataclass
class Plan:
    """What the choices come to, as far as it could be found out.

    `problems` has sentences by the name of a form field; without any, RUN! works. `refusals` is what the site would
    refuse, in the same form; unless `run_anyway` is set, these are problems, too. `replaced` says, by form field, which
    value has replaced a proposed one, and why.
    """

    choices: Choices
    branches: list[Branch] = field(default_factory=list)
    branch: str = ""
    commit: Commit | None = None
    mlproject_path: str = ""
    mlproject_content: str = ""
    mlproject: MLproject | None = None
    entry_point: EntryPoint | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    command_line: str = ""
    config_content: str = ""
    config: BackendConfig | None = None
    problems: dict[str, list[str]] = field(default_factory=dict)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)

    @property
    def left_over(self) -> dict[str, str]:
        """The given parameters that the entry point does not take; all of them while no entry point is chosen."""
        taken = {parameter.name for parameter in self.entry_point.parameters} if self.entry_point else set()
        return {name: value for name, value in _given(self).items() if name not in taken}

    def complain(self, field_name: str, message: str) -> None:
        self.problems.setdefault(field_name, []).append(message)


def make_plan(choices: Choices, code: Code | None) -> Plan:
    """`code` is that of the chosen code repository; None if none is chosen."""
    plan = Plan(choices)
    if choices.code_repository is None or code is None:
        return plan
    _read_branch(plan, choices.code_repository, code)
    if plan.commit:
        _read_mlproject(plan, code, plan.commit)
        _read_config(plan, code, plan.commit)
    if plan.mlproject:
        _choose_entry_point(plan, plan.mlproject)
    return plan


def _read_branch(plan: Plan, repository: CodeRepository, code: Code) -> None:
    try:
        plan.branches = code.branches()
        plan.branch = _branch(plan, repository)
        if plan.branch:
            plan.commit = code.resolve(plan.branch)
    except GitError as error:
        # If nothing was read, the repository's row says why.
        reason = repository.fetch_error if error.code == "mirror.missing" else ""
        plan.complain("branch" if plan.branches else "code_repository", reason or error.message)


def _branch(plan: Plan, repository: CodeRepository) -> str:
    names = [branch.name for branch in plan.branches]
    asked = plan.choices.branch
    if "branch" not in plan.choices.proposed or asked in names:
        return asked
    default = names[0] if names else ""
    if asked and default:
        gone = f"{repository.name} has no branch {shortened(asked)}"
        plan.replaced["branch"] = f"{gone}, so its default branch {default} was chosen."
    return default


def _read_mlproject(plan: Plan, code: Code, commit: Commit) -> None:
    """Read the MLproject. Its path may name the file or its folder, as both are in use."""
    asked = plan.choices.mlproject_path
    if not asked:
        return
    first_error: GitError | None = None
    try:
        candidates = mlproject_candidates(asked)
    except MLprojectError as error:
        plan.complain("mlproject_path", str(error))
        return
    for path in candidates:
        try:
            content = code.read(commit.sha, path)
        except GitError as error:
            first_error = first_error or error
            continue
        _parse_mlproject(plan, path, content)
        return
    if first_error:
        plan.complain("mlproject_path", first_error.message)


def _parse_mlproject(plan: Plan, path: str, content: bytes) -> None:
    try:
        plan.mlproject = parse_mlproject(content, path=path)
    except MLprojectError as error:
        for problem in error.problems:
            is_of_entry_point = problem.key.startswith("entry_points.")
            plan.complain("entry_point" if is_of_entry_point else "mlproject_path", problem.message)
        return
    plan.mlproject_path = path
    plan.mlproject_content = content.decode()
    plan.warnings += [warning.message for warning in plan.mlproject.warnings]


def _read_config(plan: Plan, code: Code, commit: Commit) -> None:
    path = plan.choices.backend_config_path
    if not path:
        return
    try:
        content = code.read(commit.sha, path)
        plan.config = parse_backend_config(content, path=path)
    except GitError as error:
        plan.complain("backend_config_path", error.message)
        return
    except BackendConfigError as error:
        for problem in error.problems:
            plan.complain("backend_config_path", problem.message)
        return
    plan.config_content = content.decode()
    plan.warnings += [problem.message for problem in plan.config.warnings]
    _check_site(plan, plan.config)
    _check_login(plan)
    _check_queues(plan, plan.config)


def _check_site(plan: Plan, config: BackendConfig) -> None:
    connection = plan.choices.connection
    elsewhere = other_site(config, connection, path=plan.choices.backend_config_path) if connection else ""
    if elsewhere:
        plan.complain("connection", elsewhere)


def other_site(config: BackendConfig, connection: Connection, *, path: str) -> str:
    """Why `connection` leads to another site than `config` is for; "" if it does not.

    Credentials for one site are never sent to another.
    """
    site, url = connection.site, config.unicore_api_url
    if site is None or url is None or same_site(url, site.base_url):
        return ""
    return (
        f"{path} is for {url}, but this connection is for {site.base_url}. Choose a connection to the "
        f"site that {path} names, or change UnicoreApiUrl in {path}."
    )


def _check_login(plan: Plan) -> None:
    """Warn of a connection that does not work now. The run may be stored: it waits until the connection works again."""
    connection = plan.choices.connection
    if connection is not None:
        silence = caution_of_silence(connection)
        waits = f"{silence} The run waits until it does." if silence else ""
        plan.warnings += filter(None, (caution_before_use(connection, now=timezone.now()), waits))


def _check_queues(plan: Plan, config: BackendConfig) -> None:
    connection = plan.choices.connection
    if connection is None:
        return
    plan.refusals = refused_by_site(config, connection=connection, account=plan.choices.compute_budget_account)
    for field_name, sentences in plan.refusals.items():
        for sentence in sentences:
            if plan.choices.run_anyway:
                plan.warnings.append(sentence)
            else:
                plan.complain(field_name, sentence)


def _choose_entry_point(plan: Plan, mlproject: MLproject) -> None:
    try:
        entry_point = _entry_point(plan, mlproject)
    except MLprojectError as error:
        plan.complain("entry_point", error.message)
        return
    if entry_point is None:
        return
    plan.entry_point = entry_point
    plan.warnings[:0] = [warning.message for warning in entry_point.warnings]
    try:
        plan.parameters = entry_point.clean(_given(plan))
        plan.command_line = entry_point.command_line(plan.parameters)
    except ParameterErrors as error:
        for parameter, message in error.errors.items():
            plan.complain(f"{PARAMETER_PREFIX}{parameter}", message)


def _entry_point(plan: Plan, mlproject: MLproject) -> EntryPoint | None:
    """The chosen entry point, or the default one if it was only proposed. Raises MLprojectError."""
    asked = plan.choices.entry_point
    if "entry_point" not in plan.choices.proposed or asked in mlproject.entry_points:
        return mlproject.entry_point(asked) if asked else None
    default = mlproject.default_entry_point
    if asked:
        gone = f"{mlproject.path} has no entry point {shortened(asked)}"
        plan.replaced["entry_point"] = f"{gone}, so {default.name} was chosen."
    return default


def _given(plan: Plan) -> dict[str, str]:
    """The values that the member gave. Parameters that were only proposed get the entry point's own defaults."""
    choices = plan.choices
    given = {
        name: value for name, value in choices.parameters.items() if f"{PARAMETER_PREFIX}{name}" not in choices.proposed
    }
    if not choices.leave_out_unknown or plan.entry_point is None:
        return given
    taken = {parameter.name for parameter in plan.entry_point.parameters}
    return {name: value for name, value in given.items() if name in taken}
