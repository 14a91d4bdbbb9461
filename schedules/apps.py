from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"

    def ready(self) -> None:
        from schedules import dependents
        from schedules.operators import switches

        dependents.register()
        switches.connect()
