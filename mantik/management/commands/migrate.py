"""`manage.py migrate`, which first checks whether the data can be migrated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from mantik.lib import schema

# With one of these options somebody repairs something by hand, or only looks, so nothing is checked.
_BY_HAND = ("app_label", "fake", "fake_initial", "plan", "check_unapplied")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        if any(options.get(name) for name in _BY_HAND):
            super().handle(*args, **options)
            return
        connection = connections[options["database"]]
        _refuse_unless(schema.check_before_migrating, connection, "Nothing was changed.")
        super().handle(*args, **options)
        _refuse_unless(schema.check, connection, "The migrations are applied.")


def _refuse_unless(check: Callable[[BaseDatabaseWrapper], None], connection: BaseDatabaseWrapper, state: str) -> None:
    try:
        check(connection)
    except schema.Unusable as error:
        where = schema.whereabouts(connection)
        message = f"Mantik cannot use the database {where}. {error} {state}"
        raise CommandError(message, returncode=schema.EXIT_CODE) from None
