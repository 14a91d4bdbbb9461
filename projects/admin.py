"""The operators' pages of projects. What they change leaves audit events, and a project keeps an owner."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.admin_events import AuditedAdmin, kept_rows, tell_roles
from projects.models import (
    CodeRepository,
    Experiment,
    FormerAddress,
    GitHostOutage,
    GroupMember,
    GroupMembership,
    Invitation,
    Label,
    Membership,
    Project,
    UserGroup,
)
from projects.roles import Role
from projects.services.code_repositories import InUse, delete_code_repository
from projects.services.deletion import what_holds_code_repository
from projects.services.experiments import delete_experiment


class MembershipFormSet(BaseInlineFormSet[Membership, Project, Any]):
    def clean(self) -> None:
        """A project always has an owner who can act."""
        super().clean()
        rows = kept_rows(self.forms)
        if not any(
            row["role"] == Role.OWNER and row["user"].is_active for row in rows if "role" in row and "user" in row
        ):
            raise ValidationError(
                "A project always needs an owner whose account is active. Make another member an owner first."
            )


class MembershipInline(admin.TabularInline[Membership, Project]):
    model = Membership
    formset = MembershipFormSet
    extra = 0
    autocomplete_fields = ["user"]


class GroupMembershipInline(admin.TabularInline[GroupMembership, Project]):
    model = GroupMembership
    extra = 0
    autocomplete_fields = ["group"]


@admin.register(Project)
class ProjectAdmin(AuditedAdmin[Project]):
    list_display = ["name", "slug", "is_public", "created_at"]
    list_filter = ["is_public"]
    search_fields = ["name", "slug"]
    readonly_fields = ["uuid", "created_at"]
    # Written by its maintainers.
    exclude = ["description", "labels"]
    inlines = [MembershipInline, GroupMembershipInline]
    noun = "project"
    added = "created"

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> list[str]:
        """Read-only here: owners change the address in the settings, which also keep the old one."""
        return [*self.readonly_fields, "slug"] if obj else list(self.readonly_fields)

    def project_of(self, row: Project) -> Project:
        return row

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is Membership:
            tell_roles(request, formset, whose="user", verbs=("member.added", "member.role_changed", "member.removed"))
        else:
            tell_roles(
                request, formset, whose="group", verbs=("group.given_role", "group.role_changed", "group.removed")
            )


@admin.register(Label)
class LabelAdmin(AuditedAdmin[Label]):
    """Maintainers write labels; an operator may correct or delete one, for all projects that have it."""

    list_display = ["name"]
    search_fields = ["name"]
    noun = "label"
    changed = "renamed"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class GroupMemberFormSet(BaseInlineFormSet[GroupMember, UserGroup, Any]):
    def clean(self) -> None:
        """A group always has an admin who can act."""
        super().clean()
        if not any(row.get("is_admin") and row["user"].is_active for row in kept_rows(self.forms) if "user" in row):
            raise ValidationError(
                "A group always needs an admin whose account is active. Make somebody else an admin first."
            )


class GroupMemberInline(admin.TabularInline[GroupMember, UserGroup]):
    model = GroupMember
    formset = GroupMemberFormSet
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(UserGroup)
class UserGroupAdmin(AuditedAdmin[UserGroup]):
    list_display = ["name", "created_by", "created_at"]
    search_fields = ["name"]
    list_select_related = ["created_by"]
    fields = ["uuid", "name", "created_by", "created_at"]
    readonly_fields = ["uuid", "created_by", "created_at"]
    inlines = [GroupMemberInline]
    noun = "group"
    added, changed = "created", "renamed"

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for member in formset.new_objects:
            self._tell(request, "person_added", member.group, after={"person": member.user.username})
        for member, _ in formset.changed_objects:
            participle = "admin_made" if member.is_admin else "admin_unmade"
            self._tell(request, participle, member.group, after={"person": member.user.username})
        for member in formset.deleted_objects:
            self._tell(request, "person_removed", member.group, before={"person": member.user.username})


@admin.register(FormerAddress)
class FormerAddressAdmin(AuditedAdmin[FormerAddress]):
    """Only Mantik writes these. An operator may delete one, which frees the address."""

    list_display = ["slug", "project"]
    search_fields = ["slug", "project__name"]
    list_select_related = ["project"]
    noun = "project"
    deleted = "address_freed"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: FormerAddress | None = None) -> bool:
        return False


@admin.register(Invitation)
class InvitationAdmin(AuditedAdmin[Invitation]):
    """Only Mantik writes these; operators may read and delete them."""

    list_display = ["invitee", "project", "role", "state", "invited_by", "created_at", "expires_at"]
    list_filter = ["state", "role"]
    search_fields = ["user__username", "email", "project__name"]
    list_select_related = ["project", "user", "invited_by"]
    noun = "invitation"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False


@admin.register(Experiment)
class ExperimentAdmin(AuditedAdmin[Experiment]):
    """Members manage these. An operator may delete one without runs; its MLflow experiment is deleted, too."""

    list_display = ["name", "project", "mlflow_experiment_id", "created_by", "created_at"]
    search_fields = ["name", "project__name"]
    list_select_related = ["project", "created_by"]
    readonly_fields = ["uuid", "mlflow_experiment_id", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Experiment | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Experiment) -> None:
        delete_experiment(experiment=obj, actor=cast(User, request.user), now=timezone.now())


@admin.register(CodeRepository)
class CodeRepositoryAdmin(AuditedAdmin[CodeRepository]):
    """Members manage these. An operator may delete one that no active run and no schedule that goes on uses."""

    list_display = ["name", "project", "url", "platform", "fetched_at", "fetch_failed_at"]
    list_filter = ["platform"]
    search_fields = ["name", "url", "project__name"]
    list_select_related = ["project"]
    readonly_fields = [
        "uuid",
        "fetch_requested_at",
        "fetched_at",
        "fetch_failed_at",
        "fetch_error",
        "mirror_bytes",
        "fingerprint",
    ]
    exclude = ["lease_token", "lease_until"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: CodeRepository | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CodeRepository | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and any(what_holds_code_repository(obj)))

    def delete_model(self, request: HttpRequest, obj: CodeRepository) -> None:
        try:
            delete_code_repository(repository=obj, actor=cast(User, request.user))
        except InUse as reason:
            self.message_user(request, str(reason), messages.ERROR)


@admin.register(GitHostOutage)
class GitHostOutageAdmin(admin.ModelAdmin[GitHostOutage]):
    """Git hosts that do not answer now. If an operator deletes one, its host is asked again at once."""

    list_display = ["host", "began_at", "tries", "next_try_at", "reason"]
    ordering = ["-began_at", "-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: GitHostOutage | None = None) -> bool:
        return False
