"""What code repositories have to do with connections: which are read with one, and what to do when it changes."""

from __future__ import annotations

from collections.abc import Iterator

from connections.logins.uses import Use, register_usage, register_waker
from connections.models import Connection
from projects.code.mirrors import login_changed


def uses(connection: Connection) -> Iterator[Use]:
    """They stay, and are asked for without a login from then on."""
    for repository in connection.code_repositories.in_order().select_related("project"):
        yield Use(
            f"The code repository {repository.name} in {repository.project.name} is read without a login from then "
            "on. If it is private, choose another connection there.",
            blocks=False,
        )


def register() -> None:
    register_usage("projects", uses)
    register_waker("projects", login_changed)
