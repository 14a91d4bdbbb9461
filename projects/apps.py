from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from mantik.accounts import landing, sign_up
        from mantik.tokens import named_projects
        from projects.code import connection_use
        from projects.services.invitations import invitations_to_answer_first, is_invited
        from projects.services.projects import named_projects_of

        sign_up.register(is_invited)
        landing.register(invitations_to_answer_first)
        named_projects.register(named_projects_of)
        connection_use.register()
