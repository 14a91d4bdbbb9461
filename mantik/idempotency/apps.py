from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "mantik.idempotency"
    label = "idempotency"
