from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"

    def ready(self) -> None:
        from projects.services import deletion
        from schedules.dependents import connections
        from schedules.dependents.projects import DEPENDENT
        from schedules.operators import switches

        deletion.register(DEPENDENT)
        connections.register()
        switches.connect()
