from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from mantik.accounts.sign_up import awaited_by
        from projects import connection_use
        from projects.invitations import awaits

        awaited_by(awaits)
        connection_use.register()
