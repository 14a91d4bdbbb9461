from django.urls import path

from mantik.tokens import views

app_name = "tokens"
urlpatterns = [
    path("", views.token_list, name="list"),
    path("add/", views.add, name="add"),
    path("<uuid:uuid>/revoke/", views.revoke, name="revoke"),
]
