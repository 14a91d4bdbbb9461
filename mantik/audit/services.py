"""Records events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid4

import structlog
from django.db import models

from mantik.accounts.models import User
from mantik.audit.models import MANTIK, AuditEvent
from mantik.audit.verbs import VERBS
from mantik.lib.bulk import insert_rows

_SECRET_NAMES = re.compile(r"secret|passw|token|sealed|private|credential", re.IGNORECASE)


class HasUuid(Protocol):
    uuid: Any


class EventDetails(NamedTuple):
    """What differs between events that are recorded together: the target, its project, and what was changed in it."""

    uuid: UUID | None
    name: str
    project_uuid: UUID | None
    before: Mapping[str, Any] = {}
    after: Mapping[str, Any] = {}


def record(
    verb: str,
    *,
    actor: User | None,
    target: models.Model,
    project: HasUuid | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Record that `actor` (None: Mantik itself) did `verb` to `target`, in the transaction of the change.

    `before` and `after` have the plain values of the changed fields. Secrets are never recorded: a field that is named
    like one raises ValueError, and so does a verb that mantik/audit/verbs.py does not list.
    """
    details = EventDetails(
        uuid=getattr(target, "uuid", None),
        name=str(target),
        project_uuid=project.uuid if project else None,
        before=before or {},
        after=after or {},
    )
    # target._meta, not type(target)._meta: request.user is a SimpleLazyObject, whose type is no model.
    alike = _alike(verb, actor=actor, kind=target._meta.verbose_name, events=[details])
    AuditEvent(**alike, **dict(zip(_OWN, _own(details), strict=True))).save()


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For `record`: `before` and `after`, each with the values that differ only; both have the same names."""
    changed = [name for name in after if after[name] != before[name]]
    return {"before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}}


def record_all(verb: str, *, actor: User | None, model: type[models.Model], events: Sequence[EventDetails]) -> None:
    """Record the same verb for many rows of one model, in one statement. Raises ValueError as `record` does."""
    alike = _alike(verb, actor=actor, kind=model._meta.verbose_name, events=events)
    rows = [(uuid4(), *_own(one)) for one in events]
    insert_rows(AuditEvent, rows, columns=("uuid", *_OWN), shared=alike)


def _alike(verb: str, *, actor: User | None, kind: object, events: Sequence[EventDetails]) -> dict[str, Any]:
    """The columns that all of these share. Raises ValueError if they must not be recorded."""
    if verb not in VERBS:
        raise ValueError(f"mantik/audit/verbs.py does not list {verb!r}.")
    names = {name for one in events for values in (one.before, one.after) for name in values}
    if hidden := sorted(filter(_SECRET_NAMES.search, names)):
        raise ValueError(f"Audit events must not contain secrets, but {hidden[0]!r} is named like one.")
    return {
        "verb": verb,
        "actor_id": actor.pk if actor else None,
        "actor_name": actor.username if actor else MANTIK,
        "target_kind": str(kind)[:60],
        "request_id": str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    }


_OWN = ("target_uuid", "target_name", "project_uuid", "before", "after")


def _own(event: EventDetails) -> tuple[Any, ...]:
    return event.uuid, event.name[:200], event.project_uuid, _plain(event.before), _plain(event.after)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for JSON: numbers, booleans, None and lists as they are; everything else, even a dict, as text."""
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    return value if isinstance(value, bool | int | float | None) else str(value)
