"""Everything below /tracking/ is for `views.tracking`, which has a list of calls of its own (`routes.py`)."""

from django.urls import path

from runs.tracking.gateway import views

app_name = "tracking"
urlpatterns = [
    path("", views.tracking, name="top"),
    path("<path:rest>", views.tracking),
]
