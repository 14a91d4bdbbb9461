from django.contrib import admin
from django.http import HttpRequest

from mantik.notices.models import Letter


@admin.register(Letter)
class LetterAdmin(admin.ModelAdmin[Letter]):
    """What the mail server has not taken yet, and why. An operator may delete a letter, which then is not sent."""

    list_display = ["subject", "address", "created_at", "attempts", "next_attempt_at", "error"]
    # The text is between Mantik and whom it is for.
    fields = ["subject", "address", "created_at", "attempts", "next_attempt_at", "error"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Letter | None = None) -> bool:
        return False
