"""`manage.py check_names`: which names count as the same, from before Mantik refused such names."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.text import capfirst

from mantik.lib.humanize import counted
from mantik.lib.name_keys import Clash, refresh_keys


class Command(BaseCommand):
    help = (
        "List names that differ only in capitals, spaces or letters that look alike, from before Mantik refused such "
        "names; and bring what names are compared by up to date. Nobody's name is changed. Safe to repeat."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        with transaction.atomic():
            clashes = list(refresh_keys())
        for clash in clashes:
            self.stdout.write(_sentence(clash))
        if clashes:
            raise CommandError(
                f"{counted(len(clashes), 'name is', 'names are')} there more than once. Rename all but one of each in "
                "the admin, or ask their owners to."
            )
        self.stdout.write("No two names count as the same.")


def _sentence(clash: Clash) -> str:
    rows = ", ".join(f'"{name}" ({key})' for name, key in zip(clash.names, clash.keys, strict=True))
    return f"{capfirst(str(clash.model._meta.verbose_name))}: {rows}"
