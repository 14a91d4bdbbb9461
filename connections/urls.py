from django.urls import path

from connections import site_views, views

app_name = "connections"
urlpatterns = [
    path("", views.connection_list, name="list"),
    path("add/", views.add, name="add"),
    path("<uuid:uuid>/test/", views.test, name="test"),
    path("<uuid:uuid>/secret/", views.secret, name="secret"),
    path("<uuid:uuid>/delete/", views.delete, name="delete"),
    path("sites/add/", site_views.add, name="site-add"),
    path("sites/<uuid:uuid>/delete/", site_views.delete, name="site-delete"),
]
