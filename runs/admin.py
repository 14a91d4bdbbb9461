from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from connections.models import Site
from mantik.lib.large_tables import LargeTableAdmin
from mantik.lib.query_values import without_nul
from mantik.tokens.admin import words_of_revoked
from runs.models import JobTracking, RegisteredModel, Run, RunEvent, RunToken
from runs.querysets import RunQuerySet
from runs.tracking.run_tokens import revoke_run_token


class EventInline(admin.TabularInline[RunEvent, Run]):
    model = RunEvent
    fields = ("at", "kind", "message", "actor")
    readonly_fields = ("at", "kind", "message", "actor")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False


class ReadOnlyAdmin(LargeTableAdmin):
    """For rows that only Mantik writes, and that operators only read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SiteFilter(admin.SimpleListFilter):
    """By the sites that there are now: which names are in the table only all of its rows would tell."""

    title = "site"
    parameter_name = "site_name"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(name, name) for name in Site.objects.order_by("name").values_list("name", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        return queryset.filter(site_name=self.value()) if self.value() else queryset


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = [
        "name",
        "project",
        "state",
        "created_by",
        "origin",
        "site_name",
        "attempts",
        "waiting_for",
        "created_at",
    ]
    list_filter = ["state", "origin", SiteFilter]
    # That there is a search; `get_search_results` decides what it finds.
    search_fields = ["name"]
    search_help_text = (
        "A part of the name, the start of a commit, or a whole user name, UUID or id in the batch system."
    )
    list_select_related = ["project", "created_by"]
    inlines = [EventInline]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """What members find, by its indexes, or else a run by one of its ids."""
        text = without_nul(search_term).strip()
        if not text:
            return queryset, False
        assert isinstance(queryset, RunQuerySet)
        with suppress(ValueError):
            return queryset.filter(uuid=UUID(text)), False
        found = queryset.search(text)
        return (found if found.exists() else queryset.filter(batch_system_id=text)), False


@admin.register(RegisteredModel)
class RegisteredModelAdmin(ReadOnlyAdmin):
    """The list shows what each model waits for, and what is wrong with it."""

    list_display = [
        "name",
        "project",
        "state",
        "registry_name",
        "attempts",
        "waiting_for",
        "trouble",
        "created_by",
        "created_at",
        "next_attempt_at",
    ]
    list_filter = ["state", ("trouble", admin.EmptyFieldListFilter), ("waiting_for", admin.EmptyFieldListFilter)]
    search_fields = ["=uuid", "name", "=registry_name", "=run__uuid"]
    list_select_related = ["project", "created_by"]


@admin.register(JobTracking)
class JobTrackingAdmin(ReadOnlyAdmin):
    """Jobs with a relay. With a due time: something that they have logged is still at their site, and may wait."""

    list_display = ["run", "site", "due_at", "failures", "waiting_for"]
    list_filter = [("due_at", admin.EmptyFieldListFilter), ("waiting_for", admin.EmptyFieldListFilter)]
    search_fields = ["=run__uuid"]
    list_select_related = ["run"]

    @admin.display(description="site")
    def site(self, row: JobTracking) -> str:
        return row.run.site_name


@admin.register(RunToken)
class RunTokenAdmin(ReadOnlyAdmin):
    """Operators see which tokens there are and can revoke them."""

    list_display = ["visible_prefix", "run", "created_at", "last_used_at", "revoked_at"]
    search_fields = ["=prefix", "=run__uuid"]
    list_select_related = ["run"]
    actions = ["revoke"]

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, queryset: QuerySet[RunToken]) -> None:
        assert request.user.is_authenticated
        chosen, now = queryset.select_related("run__project"), timezone.now()
        revoked = [revoke_run_token(token, actor=request.user, now=now) for token in chosen]
        self.message_user(request, words_of_revoked(revoked, "run token"), messages.INFO)
