"""Events as CSV, for a spreadsheet or an auditor's own tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

from mantik.audit.models import AuditEvent
from mantik.audit.querysets import AuditEventQuerySet
from mantik.lib.paging import in_batches
from mantik.lib.spreadsheets import csv_lines

COLUMNS: dict[str, Callable[[AuditEvent], str]] = {
    "happened_at": lambda event: event.happened_at.isoformat(),
    "actor": lambda event: event.actor_name,
    "verb": lambda event: event.verb,
    "target_kind": lambda event: event.target_kind,
    "target_name": lambda event: event.target_name,
    "target_uuid": lambda event: str(event.target_uuid or ""),
    "project_uuid": lambda event: str(event.project_uuid or ""),
    "before": lambda event: _json(event.before),
    "after": lambda event: _json(event.after),
    "request_id": lambda event: event.request_id,
}
# Events that are in memory at a time.
BATCH = 2000


def csv_response(events: AuditEventQuerySet, *, filename: str) -> StreamingHttpResponse:
    """All of `events`, newest first. Memory use does not depend on their number."""
    response = StreamingHttpResponse(lines_of(events), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response


def lines_of(events: AuditEventQuerySet) -> Iterator[str]:
    """Lines of CSV, the names of the columns first."""
    found = in_batches(events, size=BATCH, newest_first=True)
    return csv_lines(COLUMNS, ([cell_of(event) for cell_of in COLUMNS.values()] for event in found))


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""
