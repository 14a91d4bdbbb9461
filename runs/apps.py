from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        from projects.services import dependents
        from runs import connection_use
        from runs.dependents import DEPENDENT

        dependents.register(DEPENDENT)
        connection_use.register()
