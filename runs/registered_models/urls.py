"""Below /projects/<slug>/models/."""

from django.urls import path

from runs.registered_models.views import actions, pages
from runs.registered_models.views.download import download

app_name = "registered_models"
urlpatterns = [
    path("", pages.model_list, name="list"),
    path("<uuid:uuid>/", pages.detail, name="detail"),
    path("<uuid:uuid>/live/", pages.live, name="live"),
    path("<uuid:uuid>/certificate/", pages.certificate, name="certificate"),
    path("<uuid:uuid>/certificate/download/", pages.certificate_download, name="certificate-download"),
    path("<uuid:uuid>/download/", download, name="download"),
    path("<uuid:uuid>/edit/", actions.edit, name="edit"),
    path("<uuid:uuid>/edit/preview/", actions.preview, name="edit-preview"),
    path("<uuid:uuid>/aliases/", actions.aliases, name="aliases"),
    path("<uuid:uuid>/unregister/", actions.unregister, name="unregister"),
    path("<uuid:uuid>/restore/", actions.restore, name="restore"),
]
