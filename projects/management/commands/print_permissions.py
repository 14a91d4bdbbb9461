from typing import Any

from django.core.management.base import BaseCommand

from projects.permission_document import markdown


class Command(BaseCommand):
    help = "Print the permission table as docs/permissions.md has it."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        self.stdout.write(markdown(), ending="")
