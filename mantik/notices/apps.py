from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "mantik.notices"
    label = "notices"
