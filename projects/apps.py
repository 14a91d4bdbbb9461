from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from mantik.accounts.sign_up import awaited_by
        from projects.code import connection_use
        from projects.services.invitations import awaits

        awaited_by(awaits)
        connection_use.register()
