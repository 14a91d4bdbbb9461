"""Writing events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from django.db import models

from mantik.accounts.models import User
from mantik.audit.models import MANTIK, AuditEvent
from mantik.audit.verbs import VERBS

_SECRET_NAMES = re.compile(r"secret|passw|token|sealed|private|credential", re.IGNORECASE)


class HasUuid(Protocol):
    uuid: Any


def record(
    verb: str,
    *,
    actor: User | None,
    target: models.Model,
    project: HasUuid | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down that `actor` (None: Mantik itself) did `verb` to `target`, in the transaction of the change."""
    event_of(verb, actor=actor, target=target, project=project, before=before, after=after).save()


def event_of(
    verb: str,
    *,
    actor: User | None,
    target: models.Model,
    project: HasUuid | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """The same, not stored yet, for who stores many at once.

    `before` and `after` hold the plain values of the fields that changed. Of a secret only the verb tells: a field
    that is named like one raises ValueError, as does a verb that mantik/audit/verbs.py does not list.
    """
    if verb not in VERBS:
        raise ValueError(f"mantik/audit/verbs.py does not list {verb!r}.")
    told = {**(before or {}), **(after or {})}
    if hidden := [name for name in told if _SECRET_NAMES.search(name)]:
        raise ValueError(f"An audit event holds no secret, and {hidden[0]!r} is named like one.")
    return AuditEvent(
        verb=verb,
        actor=actor,
        actor_name=actor.username if actor else MANTIK,
        target_kind=str(target._meta.verbose_name)[:60],
        target_uuid=getattr(target, "uuid", None),
        target_name=str(target)[:200],
        project_uuid=project.uuid if project else None,
        before=_plain(before),
        after=_plain(after),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    )


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """As JSON has them: what it does not know is told as text."""
    return {name: _value(value) for name, value in (values or {}).items()}


def _value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    return value if isinstance(value, bool | int | float | None) else str(value)
