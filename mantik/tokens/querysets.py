"""Reading tokens."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from mantik.tokens.models import PersonalAccessToken


class TokenQuerySet(models.QuerySet["PersonalAccessToken"]):
    def owned_by(self, user: User) -> TokenQuerySet:
        return self.filter(user=user)

    def valid(self, now: datetime | None = None) -> TokenQuerySet:
        return self.filter(revoked_at__isnull=True, expires_at__gt=now or timezone.now())
