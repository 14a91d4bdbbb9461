from django.contrib import admin

from projects.models import CodeRepository, Experiment, Membership, Project


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
