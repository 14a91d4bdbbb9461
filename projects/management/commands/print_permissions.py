"""`python manage.py print_permissions`: the permission table as docs/permissions.md has it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from projects.permissions import NOTES, TABLE
from projects.roles import ROLE_MEANING, Role

HEAD = """\
# Who may do what

Made from the table in `projects/permissions.py`, which is what the product itself asks: `manage.py print_permissions`
prints this page. In the product the same table is under Members > Roles of every project.

Every member of a project has one of five roles. Each may do what the one before it may, and more.
"""


class Command(BaseCommand):
    help = "Print the permission table as docs/permissions.md has it."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        self.stdout.write(markdown(), ending="")


def markdown() -> str:
    roles = [f"- **{role.label}** {ROLE_MEANING[role]}." for role in Role]
    sections = [_section(subject) for subject in TABLE]
    notes = [f"- {note}" for note in NOTES]
    return "\n".join([HEAD, *roles, "", *sections, "## Besides", "", *notes, ""])


def _section(subject: str) -> str:
    labels = " | ".join(role.label for role in Role)
    lines = [f"## {subject}", "", f"| action | {labels} |", "|---|" + ":-:|" * len(Role)]
    for permission in TABLE[subject]:
        marks = " | ".join("x" if allowed else " " for allowed in permission.allowed)
        lines.append(f"| {permission.says} | {marks} |")
    return "\n".join([*lines, ""])
