from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"

    def ready(self) -> None:
        from schedules.dependents import everything
        from schedules.operators import switches

        everything.register()
        switches.connect()
