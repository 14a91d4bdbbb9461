from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "mantik.tokens"
    label = "tokens"
    verbose_name = "Personal access tokens"
