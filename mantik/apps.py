from types import ModuleType

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.core.signals import got_request_exception

from mantik.lib.generics import make_subscriptable


class RevisedAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "mantik.idempotency.admin_site.AdminSite"


class MantikConfig(AppConfig):
    name = "mantik"
    verbose_name = "Mantik"

    def __init__(self, app_name: str, app_module: ModuleType | None) -> None:
        super().__init__(app_name, app_module)
        # Before any app's admin or forms are imported.
        make_subscriptable()

    def ready(self) -> None:
        from mantik.lib.unavailable import do_without_session

        # Before middleware is loaded, some of which listens to the same signal and looks at the session.
        got_request_exception.connect(do_without_session)
