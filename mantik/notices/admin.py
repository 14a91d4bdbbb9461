from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from mantik.notices.models import Letter, SealedLetter


class AnyLetterAdmin(admin.ModelAdmin[Any]):
    """E-mails that the mail server has not accepted yet, and why. A letter that an operator deletes is not sent."""

    list_display = ["subject", "address", "created_at", "attempts", "next_attempt_at", "error"]
    # The text is only for the person it is sent to.
    fields = ["subject", "address", "created_at", "attempts", "next_attempt_at", "error"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Letter)
class LetterAdmin(AnyLetterAdmin):
    pass


@admin.register(SealedLetter)
class SealedLetterAdmin(AnyLetterAdmin):
    fields = [*AnyLetterAdmin.fields, "send_until"]
