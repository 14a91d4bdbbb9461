"""Below /search/."""

from django.urls import path

from mantik.search import views

app_name = "search"
urlpatterns = [
    path("", views.search, name="search"),
    path("found/", views.found_alone, name="found"),
    path("keys/", views.keys, name="keys"),
]
