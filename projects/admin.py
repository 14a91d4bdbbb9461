from django.contrib import admin
from django.http import HttpRequest

from projects.models import CodeRepository, Experiment, FormerAddress, Invitation, Membership, Project


class MembershipInline(admin.TabularInline[Membership, Project]):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin[Project]):
    list_display = ["name", "slug", "is_public", "created_at"]
    list_filter = ["is_public"]
    search_fields = ["name", "slug"]
    readonly_fields = ["uuid", "created_at"]
    inlines = [MembershipInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> list[str]:
        """Owners move a project, in its settings: there its old address is kept for it."""
        return [*self.readonly_fields, "slug"] if obj else list(self.readonly_fields)


@admin.register(FormerAddress)
class FormerAddressAdmin(admin.ModelAdmin[FormerAddress]):
    """Written by the product only. An operator may delete one, which frees the address."""

    list_display = ["slug", "project"]
    search_fields = ["slug", "project__name"]
    list_select_related = ["project"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: FormerAddress | None = None) -> bool:
        return False


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin[Invitation]):
    """Written by the product only; operators read it."""

    list_display = ["user", "project", "role", "state", "invited_by", "created_at", "expires_at"]
    list_filter = ["state", "role"]
    search_fields = ["user__username", "project__name"]
    list_select_related = ["project", "user", "invited_by"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False


@admin.register(Experiment)
class ExperimentAdmin(admin.ModelAdmin[Experiment]):
    list_display = ["name", "project", "mlflow_experiment_id", "created_by", "created_at"]
    search_fields = ["name", "project__name"]
    list_select_related = ["project", "created_by"]
    autocomplete_fields = ["project", "created_by"]
    readonly_fields = ["uuid", "mlflow_experiment_id", "created_at"]


@admin.register(CodeRepository)
class CodeRepositoryAdmin(admin.ModelAdmin[CodeRepository]):
    list_display = ["name", "project", "url", "platform", "fetched_at", "fetch_failed_at"]
    list_filter = ["platform"]
    search_fields = ["name", "url", "project__name"]
    list_select_related = ["project"]
    autocomplete_fields = ["project", "created_by"]
    raw_id_fields = ["connection"]
    readonly_fields = ["uuid", "fetch_requested_at", "fetched_at", "fetch_failed_at", "fetch_error", "created_at"]
