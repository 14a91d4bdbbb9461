"""Reading events."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from mantik.audit.models import AuditEvent


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def of_project(self, uuid: UUID) -> AuditEventQuerySet:
        return self.filter(project_uuid=uuid)

    def by(self, user: User) -> AuditEventQuerySet:
        return self.filter(actor=user)

    def about(self, noun: str) -> AuditEventQuerySet:
        """Those whose verb begins with `noun`: "member" finds "member.joined"."""
        return self.filter(verb__startswith=f"{noun}.")
