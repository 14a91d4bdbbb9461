from django.urls import path

from projects import views

app_name = "projects"
urlpatterns = [
    path("", views.home, name="home"),
    path("projects/add/", views.project_add, name="add"),
    path("projects/<slug:slug>/code/", views.code, name="code"),
    path("projects/<slug:slug>/code/add/", views.code_add, name="code-add"),
    path("projects/<slug:slug>/code/<uuid:uuid>/refresh/", views.code_refresh, name="code-refresh"),
    path("projects/<slug:slug>/experiments/add/", views.experiment_add, name="experiment-add"),
]
