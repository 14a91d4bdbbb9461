from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"

    def ready(self) -> None:
        from schedules import dependents, operators

        dependents.register()
        operators.connect()
