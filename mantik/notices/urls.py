from django.urls import path

from mantik.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.notice_list, name="list"),
    path("read/", views.read, name="read"),
]
