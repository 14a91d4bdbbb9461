"""Below /projects/<slug>/runs/."""

from django.urls import path

from runs.registered_models.views import register
from runs.unseen import views as unseen
from runs.views import compare, detail, lists, metrics, new, notes, run_token, tables

app_name = "runs"
urlpatterns = [
    path("", lists.run_list, name="list"),
    path("table/", tables.table, name="table"),
    path("table/names/", tables.names, name="table-names"),
    path("table/columns/", tables.choose_columns, name="table-columns"),
    path("table/runs.csv", tables.export_csv, name="table-csv"),
    path("table/runs.json", tables.export_json, name="table-json"),
    path("submissions/", lists.submissions, name="submissions"),
    path("submissions/add/", new.new_run, name="new"),
    path("submissions/add/preview/", new.preview, name="new-preview"),
    path("failures/seen/", unseen.seen, name="failures-seen"),
    path("compare/", compare.compare, name="compare"),
    path("compare/metrics/", compare.metrics, name="compare-metrics"),
    path("compare/points/", compare.points, name="compare-points"),
    path("compare/csv/", compare.as_csv, name="compare-csv"),
    path("compare/json/", compare.as_json, name="compare-json"),
    path("<uuid:uuid>/", detail.run_detail, name="detail"),
    path("<uuid:uuid>/live/", detail.live, name="live"),
    path("<uuid:uuid>/log/", detail.log, name="log"),
    path("<uuid:uuid>/log/raw/", detail.raw, name="raw-log"),
    path("<uuid:uuid>/metrics/", metrics.metrics, name="metrics"),
    path("<uuid:uuid>/metrics/points/", metrics.points, name="metric-points"),
    path("<uuid:uuid>/metrics/csv/", metrics.export, name="metrics-csv"),
    path("<uuid:uuid>/artifacts/", detail.artifact, name="artifact"),
    path("<uuid:uuid>/edit/", notes.edit, name="edit"),
    path("<uuid:uuid>/edit/preview/", notes.preview, name="edit-preview"),
    path("<uuid:uuid>/star/", notes.star, name="star"),
    path("<uuid:uuid>/cancel/", detail.cancel, name="cancel"),
    path("<uuid:uuid>/delete/", detail.delete, name="delete"),
    path("<uuid:uuid>/token/revoke/", run_token.revoke, name="revoke-token"),
    path("<uuid:uuid>/register/", register.register, name="register"),
    path("<uuid:uuid>/register/name/", register.register_name, name="register-name"),
    path("<uuid:uuid>/register/models/", register.register_models, name="register-models"),
]
