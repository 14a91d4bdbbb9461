"""The addresses of all pages. Other programs and links depend on them."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from mantik import health, pages
from mantik.account_deletion import views as account_deletion
from mantik.accounts import urls as accounts
from mantik.kept_forms.views import kept_form
from mantik.tokens.views import whoami
from projects.urls import urlpatterns as project_urls
from runs.results.views import experiment_list
from runs.tracking.gateway.views import tracking
from runs.views import experiments, tables
from runs.views.detail import notify

# Pages composed of several apps are wired here; their addresses are the projects' own.
_projects = [
    *project_urls,
    path("projects/", pages.project_list, name="list"),
    path("projects/<slug:slug>/", pages.overview, name="overview"),
    path("projects/<slug:slug>/experiments/", experiment_list, name="experiments"),
    path("projects/<slug:slug>/experiments/<uuid:uuid>/", tables.table, name="experiment"),
    path("projects/<slug:slug>/experiments/<uuid:uuid>/names/", tables.names, name="experiment-names"),
    path("projects/<slug:slug>/experiments/<uuid:uuid>/columns/", tables.choose_columns, name="experiment-columns"),
    path("projects/<slug:slug>/experiments/<uuid:uuid>/metric/", experiments.choose_metric, name="experiment-metric"),
    path("projects/<slug:slug>/experiments/<uuid:uuid>/runs.csv", tables.export_csv, name="experiment-csv"),
    path("projects/<slug:slug>/experiments/<uuid:uuid>/runs.json", tables.export_json, name="experiment-json"),
]

# Django looks for it by this name.
handler500 = "mantik.lib.unavailable.server_error"

# Operators sign in like everybody: with their second factor, and as often as the limits allow.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign, no-untyped-call]

urlpatterns = [
    path("", include((_projects, "projects"))),
    path("projects/<slug:slug>/runs/", include("runs.urls")),
    path("projects/<slug:slug>/models/", include("runs.registered_models.urls")),
    path("projects/<slug:slug>/schedules/", include("schedules.urls")),
    path("settings/connections/", include("connections.urls")),
    path("settings/tokens/", include("mantik.tokens.urls")),
    path("api/whoami/", whoami, name="whoami"),
    path("settings/notices/", include("mantik.notices.urls")),
    path("docs/", include("mantik.docs.urls")),
    path("accounts/kept-form/", kept_form, name="kept-form"),
    path("search/", include("mantik.search.urls")),
    path("accounts/", include(accounts.signing_in)),
    path("settings/account/", include(accounts.account_settings)),
    path("settings/account/", include((accounts.own_pages, "accounts"))),
    path("settings/account/delete/", account_deletion.delete, name="account-delete"),
    path("notify/<uuid:uuid>/<str:token>/", notify, name="notify"),
    # Also without the slash: clients must never be led on.
    path("tracking", tracking),
    path("tracking/", include("runs.tracking.gateway.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
