from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        from projects.services import deletion
        from runs.dependents import connections
        from runs.dependents.projects import DEPENDENT

        deletion.register(DEPENDENT)
        connections.register()
