from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "mantik.audit"
    label = "audit"
    verbose_name = "Audit"
