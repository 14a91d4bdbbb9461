from django.contrib import admin
from django.http import HttpRequest, StreamingHttpResponse

from mantik.audit.csv_export import csv_response
from mantik.audit.models import AuditEvent
from mantik.audit.querysets import AuditEventQuerySet
from mantik.audit.verbs import VERBS
from mantik.lib.large_tables import LargeTableAdmin


class NounFilter(admin.SimpleListFilter):
    title = "subject"
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(noun, noun.replace("_", " ")) for noun in sorted({verb.partition(".")[0] for verb in VERBS})]

    def queryset(self, request: HttpRequest, queryset: AuditEventQuerySet) -> AuditEventQuerySet:  # type: ignore[override]
        return queryset.about(self.value() or "") if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(LargeTableAdmin):
    """Operators can read and export all events; nobody can add or delete one here."""

    list_display = ["happened_at", "actor_name", "verb", "target_kind", "target_name", "request_id"]
    list_filter = [NounFilter, "happened_at"]
    search_fields = ["=actor_name", "=target_name", "=verb", "=request_id", "=project_uuid", "=target_uuid"]
    actions = ["export_as_csv"]

    @admin.action(description="Export as CSV")
    def export_as_csv(self, request: HttpRequest, queryset: AuditEventQuerySet) -> StreamingHttpResponse:
        return csv_response(queryset, filename="mantik-audit.csv")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False
