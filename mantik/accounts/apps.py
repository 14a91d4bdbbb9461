from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "mantik.accounts"
    label = "accounts"
