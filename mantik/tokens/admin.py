from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from mantik.lib.humanize import counted
from mantik.tokens import services
from mantik.tokens.models import PersonalAccessToken


def words_of_revoked(revoked: list[bool], noun: str) -> str:
    """`revoked`: of each chosen token whether that was done now, and not before."""
    before = "" if all(revoked) else f" {counted(revoked.count(False), noun)} had been revoked before."
    return f"{counted(sum(revoked), noun)} revoked.{before}"


@admin.register(PersonalAccessToken)
class PersonalAccessTokenAdmin(admin.ModelAdmin[PersonalAccessToken]):
    """Operators see which tokens there are and can revoke them. They can neither read nor make one here."""

    list_display = ["name", "user", "visible_prefix", "scope", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_filter = ["scope"]
    search_fields = ["=prefix", "user__username", "name"]
    list_select_related = ["user"]
    actions = ["revoke"]

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, queryset: QuerySet[PersonalAccessToken]) -> None:
        assert request.user.is_authenticated
        now = timezone.now()
        revoked = [services.revoke(token=token, actor=request.user, now=now) for token in queryset]
        self.message_user(request, words_of_revoked(revoked, "personal access token"), messages.INFO)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PersonalAccessToken | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PersonalAccessToken | None = None) -> bool:
        return False
