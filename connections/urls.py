from django.urls import path

from connections import views

app_name = "connections"
urlpatterns = [
    path("", views.connection_list, name="list"),
    path("add/", views.add, name="add"),
    path("<uuid:uuid>/test/", views.test, name="test"),
    path("<uuid:uuid>/secret/", views.secret, name="secret"),
    path("<uuid:uuid>/delete/", views.delete, name="delete"),
]
