from types import ModuleType

from django.apps import AppConfig

from mantik.lib.generics import make_subscriptable


class MantikConfig(AppConfig):
    name = "mantik"
    verbose_name = "Mantik"

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        super().__init__(app_name, app_module)
        # Before any room's admin or forms are imported.
        make_subscriptable()

    def ready(self) -> None:
        # Accounts know nothing of projects, which say whom they have invited.
        from mantik.accounts.sign_up import awaited_by
        from projects.services.invitations import awaits

        awaited_by(awaits)
