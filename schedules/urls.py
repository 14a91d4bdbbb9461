"""Below /projects/<slug>/schedules/."""

from django.urls import path

from schedules.views import actions, form, pages

app_name = "schedules"
urlpatterns = [
    path("", pages.schedule_list, name="list"),
    path("calendar/", pages.calendar, name="calendar"),
    path("add/", form.add, name="add"),
    path("add/preview/", form.preview, name="add-preview"),
    path("<uuid:uuid>/", pages.detail, name="detail"),
    path("<uuid:uuid>/edit/", form.edit, name="edit"),
    path("<uuid:uuid>/edit/preview/", form.edit_preview, name="edit-preview"),
    path("<uuid:uuid>/pause/", actions.pause, name="pause"),
    path("<uuid:uuid>/resume/", actions.resume, name="resume"),
    path("<uuid:uuid>/run-now/", actions.run, name="run-now"),
    path("<uuid:uuid>/duplicate/", actions.duplicate, name="duplicate"),
    path("<uuid:uuid>/delete/", actions.delete, name="delete"),
]
