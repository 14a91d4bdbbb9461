from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        from projects.code import contents
        from projects.services import deletion
        from runs.dependents import connections
        from runs.dependents.projects import DEPENDENT
        from runs.pages.code_contents import code_contents
        from runs.tracking import deploy_check

        deletion.register(DEPENDENT)
        contents.register(code_contents)
        connections.register()
        deploy_check.register_check()
        post_migrate.connect(make_text_indexes, sender=self)


def make_text_indexes(**about: Any) -> None:
    from runs.models import TEXT_INDEXES

    for index in TEXT_INDEXES:
        index.make(**about)
