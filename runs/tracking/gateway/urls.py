"""The list of allowed calls. Anything else is refused, whatever MLflow itself offers."""

from django.urls import path

from runs.tracking.gateway import views

app_name = "tracking"
_API = "api/2.0/mlflow/"
_FILES = "api/2.0/mlflow-artifacts/artifacts"
urlpatterns = [
    path(f"{_API}registered-models/get", views.registered_model),
    path(f"{_API}registered-models/alias", views.version_by_alias),
    path(f"{_API}model-versions/get", views.model_version),
    path(f"{_API}model-versions/get-download-uri", views.download_uri),
    path(_FILES, views.file_list),
    path(f"{_FILES}/<path:place>", views.file),
    path("api/3.0/mlflow/server-info", views.server_info),
    path("", views.no_such_call, name="top"),
    path("<path:rest>", views.no_such_call),
]
