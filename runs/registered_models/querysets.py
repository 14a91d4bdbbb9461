"""Registered models, by who may see them and by what has to be done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models

from mantik.lib.leases import is_free
from projects.models import Project
from runs.registered_models.states import ModelState

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from runs.registered_models.models import RegisteredModel


class RegisteredModelQuerySet(models.QuerySet["RegisteredModel"]):
    def visible_to(self, user: User | AnonymousUser) -> RegisteredModelQuerySet:
        """Models of the projects that `user` may see."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def for_rows(self) -> RegisteredModelQuerySet:
        """The rows with what a list shows of them, and without the long texts."""
        return (
            self.select_related("run__experiment", "created_by")
            .prefetch_related("aliases")
            .defer(
                "certificate",
                "description",
                "signature",
                "run__mlproject_content",
                "run__backend_config_content",
                "run__job_script",
                "run__experiment__description",
            )
        )

    def registered(self) -> RegisteredModelQuerySet:
        return self.filter(state=ModelState.REGISTERED)

    def troubled(self) -> RegisteredModelQuerySet:
        """Models that somebody else changed in MLflow's registry."""
        return self.registered().exclude(trouble="")

    def due(self, now: datetime) -> RegisteredModelQuerySet:
        """Models with something to do that no live worker has."""
        return self.filter(is_free(now), next_attempt_at__lte=now)
