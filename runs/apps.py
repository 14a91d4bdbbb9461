from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        from projects.services import dependents
        from runs.dependents import connections
        from runs.dependents.projects import DEPENDENT

        dependents.register(DEPENDENT)
        connections.register()
