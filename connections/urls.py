from django.urls import path

from connections.views import connections, sites

app_name = "connections"
urlpatterns = [
    path("", connections.connection_list, name="list"),
    path("add/", connections.add, name="add"),
    path("<uuid:uuid>/card/", connections.card, name="card"),
    path("<uuid:uuid>/test/", connections.test, name="test"),
    path("<uuid:uuid>/rename/", connections.rename, name="rename"),
    path("<uuid:uuid>/secret/", connections.secret, name="secret"),
    path("<uuid:uuid>/delete/", connections.delete, name="delete"),
    path("sites/add/", sites.add, name="site-add"),
    path("sites/<uuid:uuid>/delete/", sites.delete, name="site-delete"),
]
