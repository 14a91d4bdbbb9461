from types import ModuleType

from django.apps import AppConfig

from mantik.lib.generics import make_subscriptable


class MantikConfig(AppConfig):
    name = "mantik"
    verbose_name = "Mantik"

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        super().__init__(app_name, app_module)
        # Before any app's admin or forms are imported.
        make_subscriptable()
