"""Writing events."""

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


class Told(NamedTuple):
    """What an event tells of its own: of which target, in which project, and what was changed in it."""

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
    """Write down that `actor` (None: Mantik itself) did `verb` to `target`, in the transaction of the change.

    `before` and `after` hold the plain values of the fields that changed. Of a secret only the verb tells: a field
    that is named like one raises ValueError, as does a verb that mantik/audit/verbs.py does not list.
    """
    told = Told(
        uuid=getattr(target, "uuid", None),
        name=str(target),
        project_uuid=project.uuid if project else None,
        before=before or {},
        after=after or {},
    )
    # Not of its type: whoever is signed in is a lazy object.
    alike = _alike(verb, actor=actor, kind=target._meta.verbose_name, told=[told])
    AuditEvent(**alike, **dict(zip(_OWN, _own(told), strict=True))).save()


def record_all(verb: str, *, actor: User | None, model: type[models.Model], told: Sequence[Told]) -> None:
    """The same of many of one model at once, in one statement."""
    alike = _alike(verb, actor=actor, kind=model._meta.verbose_name, told=told)
    rows = [(uuid4(), *_own(one)) for one in told]
    insert_rows(AuditEvent, rows, columns=("uuid", *_OWN), shared=alike)


def _alike(verb: str, *, actor: User | None, kind: object, told: Sequence[Told]) -> dict[str, Any]:
    """The columns that all of these have in common, once it is clear that they may be written down."""
    if verb not in VERBS:
        raise ValueError(f"mantik/audit/verbs.py does not list {verb!r}.")
    names = {name for one in told for values in (one.before, one.after) for name in values}
    if hidden := sorted(filter(_SECRET_NAMES.search, names)):
        raise ValueError(f"An audit event holds no secret, and {hidden[0]!r} is named like one.")
    return {
        "verb": verb,
        "actor_id": actor.pk if actor else None,
        "actor_name": actor.username if actor else MANTIK,
        "target_kind": str(kind)[:60],
        "request_id": str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    }


_OWN = ("target_uuid", "target_name", "project_uuid", "before", "after")


def _own(told: Told) -> tuple[Any, ...]:
    return told.uuid, told.name[:200], told.project_uuid, _plain(told.before), _plain(told.after)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has them: what it does not know is told as text."""
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    return value if isinstance(value, bool | int | float | None) else str(value)
