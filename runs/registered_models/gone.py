"""What became of a registered model whose row is gone: told to who still has its page open, or a link to it."""

from __future__ import annotations

from uuid import UUID

from mantik.audit.models import AuditEvent
from projects.models import Project

_ENDS = ("model.unregistered", "model.refused")


def what_became_of(uuid: UUID, *, project: Project) -> str:
    """In a sentence or two; "" if `project` never had such a model."""
    ends = AuditEvent.objects.filter(target_uuid=uuid, project_uuid=project.uuid, verb__in=_ENDS)
    end = ends.order_by("-pk").first()
    if end is None:
        return ""
    if end.verb == "model.refused":
        return f"{end.target_name} could not be registered. {end.before.get('reason', '')}".strip()
    return f"{end.target_name} is not registered any more. Its run and its files are still there."
