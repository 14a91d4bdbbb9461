"""Fills in a form from a run, for a link that names the run ("Run again").

Each field has the value that the run had, or is empty, with a sentence on what to choose instead. Nothing is replaced
silently: a field whose value is no longer available stays empty until a person chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from connections.models import Connection
from mantik.accounts.models import User
from mantik.lib.query_values import without_nul
from projects.models import CodeRepository, Project
from runs.mlproject.wording import any_of
from runs.models import Run
from runs.planning.plan import PARAMETER_PREFIX
from runs.querysets import RunQuerySet

# The hidden field, and the name in a link, that says which run the form is filled in from.
PREFILL_FIELD = "from"
# How many choices a sentence names; it counts the others.
CHOICES_NAMED = 3
LONGEST_WISH = 400


@dataclass(frozen=True)
class Unavailable:
    """A choice that is not available to the reader: what the field shows for it, and why."""

    shown: str
    reason: str


@dataclass(frozen=True)
class Prefill:
    """`source` is the value in the link, `run` the run that it names.

    `run` is None if the reader can see no such run, and for `not_repeatable`, the name of one that cannot be repeated.
    """

    source: str
    run: Run | None
    user: User
    not_repeatable: str = ""

    def values(self) -> dict[str, str]:
        """What a browser would post for the new-run form if all of it had been filled in by hand."""
        run = self.run
        if run is None:
            return {PREFILL_FIELD: self.source}
        unavailable = self.unavailable
        parameters = {f"{PARAMETER_PREFIX}{name}": str(value) for name, value in run.parameters.items()}
        return {name: "" if name in unavailable else value for name, value in choices_of(run).items()} | {
            PREFILL_FIELD: self.source,
            "name": run.name,
            **parameters,
        }

    @cached_property
    def unavailable(self) -> dict[str, Unavailable]:
        """The choices of the run that are not available to the reader, by field of the form."""
        if self.run is None:
            return {}
        found = {
            "code_repository": unavailable_code(self.run),
            "connection": unavailable_connection(self.run, self.user),
        }
        return {name: unavailable for name, unavailable in found.items() if unavailable}

    @property
    def what_is_missing(self) -> str:
        """What the form says if there is no such run, otherwise "". It does not tell whether another project has it."""
        if self.run:
            return ""
        if self.not_repeatable:
            return f"{cannot_be_repeated(self.not_repeatable)} The form is not filled in; choose what to run."
        uuid = _uuid_or_none(self.source)
        which = f"The run {str(uuid)[:8]} is not in this project" if uuid else "There is no such run in this project"
        return f"{which}: it was deleted, or the link is wrong. The form is not filled in; choose what to run."


def prefill_from(source: str, *, among: RunQuerySet, user: User) -> Prefill | None:
    """The prefill from the run that `source` in a link names; None if it is empty.

    `among`: runs that the reader may see here.
    """
    source = source.strip()[:64]
    if not source:
        return None
    uuid = _uuid_or_none(source)
    runs = among.select_related("experiment", "code_repository", "connection__site", "connection__owner")
    run = runs.filter(uuid=uuid).first() if uuid else None
    if run is not None and run.is_local:
        return Prefill(source, None, user, not_repeatable=run.name)
    return Prefill(source, run, user)


def cannot_be_repeated(name: str) -> str:
    """What to say of a local run."""
    return f"{name} is a local run: Mantik does not have its code, so it cannot be repeated."


def choices_of(run: Run) -> dict[str, str]:
    """The fields of the new-run form as `run` had them, but for its name and parameters."""
    return {
        "experiment": str(run.experiment.uuid),
        "code_repository": str(run.code_repository.uuid) if run.code_repository else "",
        "branch": run.branch,
        "mlproject_path": run.mlproject_path,
        "entry_point": run.entry_point,
        "connection": str(run.connection.uuid) if run.connection else "",
        "compute_budget_account": run.compute_budget_account,
        "backend_config_path": run.backend_config_path,
    }


def unavailable_code(run: Run) -> Unavailable | None:
    """Why the code of `run` is not available; None if it is. A repository with another address may hold other code."""
    code = run.code_repository
    if code is None:
        others = CodeRepository.objects.filter(project=run.project_id).order_by("name").values_list("name", flat=True)
        return Unavailable(
            f"{run.code_name} (deleted)",
            f"The code repository {run.code_name} at {run.code_url} was deleted. "
            f"{_instead(list(others), 'This project has no other code repository.')}",
        )
    if not run.code_has_moved:
        return None
    return Unavailable(
        f"{run.code_name} (old address)",
        f"The address of {code.name} has changed from {run.code_url} to {code.url}. "
        "Choose it again if you want the code at the new address.",
    )


def unavailable_connection(run: Run, user: User) -> Unavailable | None:
    """Why `user` cannot use the connection of `run`; None if they can. Does not tell the name of somebody else's."""
    connection = run.connection
    if connection and connection.owner_id == user.pk:
        return None
    # `site_name` is the site's name when the run was stored; operators may have changed it since.
    at_site = {"site": connection.site_id} if connection else {"site__name": run.site_name}
    own = Connection.objects.owned_by(user).for_sites().filter(**at_site).order_by("name")
    instead = _instead(list(own.values_list("name", flat=True)), f"You have no connection to {run.site_name}.")
    if connection is None:
        return Unavailable(
            f"Deleted connection · {run.site_name}",
            f"The connection to {run.site_name} that the run used was deleted. {instead}",
        )
    whose = connection.owner.display_name
    return Unavailable(
        f"A connection of {whose} · {run.site_name}",
        f"The run used a connection of {whose} to {run.site_name}, which only they can use. {instead}",
    )


def _instead(names: list[str], none: str) -> str:
    return f"Choose {any_of(names, CHOICES_NAMED)}." if names else none


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# What a link to a new run may name, by the field of the form. A code repository's page makes such links.
WISHED_FIELDS = ("code_repository", "branch", "mlproject_path", "entry_point", "backend_config_path")


@dataclass(frozen=True)
class Wish(Prefill):
    """What a link asks for, field by field, instead of a run; `others` are the fields it leaves to the form."""

    wished: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    has_code: bool = True

    def values(self) -> dict[str, str]:
        return {**self.others, **self.wished}

    @property
    def what_is_missing(self) -> str:
        if self.has_code:
            return ""
        return (
            "The code repository that the link names is not in this project: it was deleted, or the link is wrong. "
            "Choose another one."
        )


def wish_in(query: Mapping[str, str], *, project: Project, user: User, others: Mapping[str, str]) -> Wish:
    """The wish that a link states."""
    wished = {name: without_nul(query.get(name, "")).strip()[:LONGEST_WISH] for name in WISHED_FIELDS}
    uuid = _uuid_or_none(wished["code_repository"])
    has_code = uuid is not None and project.code_repositories.filter(uuid=uuid).exists()
    if not has_code:
        wished["code_repository"] = ""
    kept = {name: value for name, value in others.items() if name not in WISHED_FIELDS}
    return Wish("", None, user, wished=wished, others=kept, has_code=has_code)
