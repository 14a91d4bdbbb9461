from typing import Any

from django.apps import AppConfig
from django.core.management import call_command
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "mantik.accounts"
    label = "accounts"

    def ready(self) -> None:
        from mantik.accounts import events  # noqa: F401 - connects its receivers

        post_migrate.connect(make_cache_table, sender=self)


def make_cache_table(*, using: str, verbosity: int, **_: Any) -> None:
    """Make the table of the cache unless it exists: it has no model, so no migration makes it."""
    call_command("createcachetable", database=using, verbosity=max(verbosity - 1, 0))
