"""Reading notices and letters."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

from mantik.lib.leases import is_free

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from mantik.notices.models import Letter, Notice, SealedLetter


class NoticeQuerySet(models.QuerySet["Notice"]):
    def of_user(self, user: User) -> NoticeQuerySet:
        return self.filter(user=user)

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at__isnull=True)


class LetterQuerySet(models.QuerySet["Letter"]):
    def due(self, *, now: datetime) -> LetterQuerySet:
        """Letters to send that no worker has, longest waiting first."""
        return self.filter(is_free(now), next_attempt_at__lte=now).order_by("next_attempt_at")


class SealedLetterQuerySet(models.QuerySet["SealedLetter"]):
    def due(self, *, now: datetime) -> SealedLetterQuerySet:
        """Letters to send or to give up that no worker has, longest waiting first."""
        return self.filter(is_free(now), next_attempt_at__lte=now).order_by("next_attempt_at")
