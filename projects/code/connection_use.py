"""Which code repositories use a connection: asked before it is changed or deleted."""

from __future__ import annotations

from collections.abc import Iterator

from connections.logins.uses import Use, register_usage, register_waker
from connections.models import Connection
from projects.code.mirrors import login_changed


def uses(connection: Connection) -> Iterator[Use]:
    """The code repositories that use `connection`. They stay if it is deleted, and are then read without a login."""
    for repository in connection.code_repositories.in_order().select_related("project"):
        yield Use(
            f"The code repository {repository.name} in {repository.project.name} will be read without a login. If it "
            "is private, choose another connection for it.",
            blocks=False,
        )


def register() -> None:
    register_usage("projects", uses)
    register_waker("projects", login_changed)
