"""Below /docs/."""

from django.urls import path

from mantik.docs import views

app_name = "docs"
urlpatterns = [
    path("", views.index, name="index"),
    path("search/", views.search, name="search"),
    path("<slug:slug>/", views.page, name="page"),
]
