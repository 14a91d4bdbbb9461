from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from mantik.accounts import sign_up
        from projects.code import connection_use
        from projects.services.invitations import is_invited

        sign_up.register(is_invited)
        connection_use.register()
