"""What a link to a form asks for: everything as a run had it.

It is fulfilled, or refused by name with what there is instead. Nothing is put in its place: a field whose value is not
to be had any more stands on no choice, until a person makes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from connections.models import Connection
from mantik.accounts.models import User
from projects.models import CodeRepository
from runs.mlproject.wording import listed
from runs.models import Run
from runs.planning.plan import PARAMETER_PREFIX
from runs.querysets import RunQuerySet

# The hidden field in which a form remembers what it was filled in from.
WISH = "from"
MOST_NAMED = 3


@dataclass(frozen=True)
class Refusal:
    """Of one choice: what the field shows of it, and why it cannot be had, for the reader."""

    shown: str
    reason: str


@dataclass(frozen=True)
class Wish:
    """`asked` is what the link says, `run` what it means to the reader: None if there is no such run for them."""

    asked: str
    run: Run | None
    user: User

    def values(self) -> dict[str, str]:
        """What a browser would post for the new-run form if all of it had been filled in by hand."""
        run = self.run
        if run is None:
            return {WISH: self.asked}
        refused = self.refusals
        parameters = {f"{PARAMETER_PREFIX}{name}": str(value) for name, value in run.parameters.items()}
        return {name: "" if name in refused else value for name, value in choices_of(run).items()} | {
            WISH: self.asked,
            "name": run.name,
            **parameters,
        }

    @cached_property
    def refusals(self) -> dict[str, Refusal]:
        """By field of the form: the choices that the reader cannot have."""
        if self.run is None:
            return {}
        found = {"code_repository": refused_code(self.run), "connection": refused_connection(self.run, self.user)}
        return {name: refusal for name, refusal in found.items() if refusal}

    @property
    def what_is_missing(self) -> str:
        """Said of the form as a whole; "" if there is such a run. Tells no more than that there is none here."""
        if self.run:
            return ""
        uuid = _uuid_or_none(self.asked)
        which = f"no run {str(uuid)[:8]}" if uuid else "no such run"
        return (
            f"This project has {which}: it was deleted, or the link is wrong. "
            "Nothing is filled in for it; what is to run is yours to choose."
        )


def wish_for(asked: str, *, among: RunQuerySet, user: User) -> Wish | None:
    """What a link means that says `asked`; None if it asks for nothing. `among`: runs that the reader may see here."""
    asked = asked.strip()[:64]
    if not asked:
        return None
    uuid = _uuid_or_none(asked)
    runs = among.select_related("experiment", "code_repository", "connection__site", "connection__owner")
    return Wish(asked, runs.filter(uuid=uuid).first() if uuid else None, user)


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


def refused_code(run: Run) -> Refusal | None:
    """Why code cannot be taken from where `run` had it. Another address is other code, whatever its name is."""
    code = run.code_repository
    if code is None:
        there = CodeRepository.objects.filter(project=run.project_id).order_by("name").values_list("name", flat=True)
        return Refusal(
            f"{run.code_name} (deleted)",
            f"The code repository {run.code_name} at {run.code_url} was deleted. "
            f"{_instead(list(there), 'This project has none any more.')}",
        )
    if not run.code_has_moved:
        return None
    return Refusal(
        f"{run.code_name} as it was",
        f"{code.name} led to {run.code_url} when this was stored, and leads to {code.url} now. "
        "Choose it again if you want what is there now.",
    )


def refused_connection(run: Run, user: User) -> Refusal | None:
    """Why `user` cannot use the connection that `run` had. Somebody else's is not named."""
    connection = run.connection
    if connection and connection.owner_id == user.pk:
        return None
    own = Connection.objects.owned_by(user).for_sites().filter(site__name=run.site_name).order_by("name")
    instead = _instead(list(own.values_list("name", flat=True)), f"You have none to {run.site_name}.")
    if connection is None:
        return Refusal(
            f"Deleted connection · {run.site_name}",
            f"The connection to {run.site_name} that it used was deleted. {instead}",
        )
    whose = connection.owner.display_name
    return Refusal(
        f"One of {whose} · {run.site_name}",
        f"It used a connection of {whose} to {run.site_name}, which nobody else can use. {instead}",
    )


def _instead(names: list[str], none: str) -> str:
    if not names:
        return none
    more = len(names) - MOST_NAMED
    shown = names if more <= 1 else [*names[:MOST_NAMED], f"one of {more} more"]
    return f"Choose {listed(shown)}."


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
