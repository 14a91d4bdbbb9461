"""Whatever a member's request changes is on record: looked at in every test that sends something.

A page that somebody adds cannot forget its event, because any test of that page fails without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

_WRITE = re.compile(r'^(INSERT(?: OR IGNORE)? INTO|UPDATE|DELETE FROM) "(\w+)"(?: SET (.*?) WHERE)?', re.DOTALL)
# What members own. Of other tables, and of the columns below, a change is Mantik's own book-keeping.
_TABLES = re.compile(
    r"^(?!connections_siteoutage$|runs_retiredrun$|runs_modellisting$|runs_installation$|runs_trackeditem$|runs_jobtracking$|runs_journal$|runs_journalpart$|runs_loggedname$|runs_runsummaries$|runs_metricsummary$|runs_metricbuckets$|runs_runparam$|runs_runtag$|runs_tablecolumns$|runs_failuresseen$|runs_runstar$)(?:connections|projects|runs|tokens)_|^accounts_user$|^mfa_authenticator$"
)
_EVENT = "audit_auditevent"
_TESTED = {
    "tests_requested",
    "tests_served",
    "tested_at",
    "test_outcome",
    "test_message",
    "facts",
    "queue_limits",
    "last_used_at",
}
_BOOK_KEEPING = {
    "accounts_user": {"last_login", "theme"},
    "connections_connection": _TESTED | {"refusals", "refused_since", "refusal_message", "marked_bad_at"},
    "mfa_authenticator": {"last_used_at", "data"},
    "projects_coderepository": {"fetch_requested", "fetch_requested_at"},
    "projects_project": {"tracked_bytes"},
    "runs_run": {"next_poll_at", "next_attempt_at", "watched_until", "last_logged_at", "tracked_bytes"},
    "runs_runtoken": {"last_used_at", "told_end_at", "key_id", "digest"},
    "tokens_personalaccesstoken": {"last_used_at", "key_id", "digest"},
}


@contextmanager
def changes() -> Iterator[list[str]]:
    """The statements that change rows of members while the context is open, and those that write an event."""
    seen: list[str] = []

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        found = _WRITE.match(sql)
        # A compare-and-set that finds nothing has changed nothing. Of an INSERT the count is not known yet.
        if found and (found[1].startswith("INSERT") or context["cursor"].rowcount) and _is_told_of(found[2], found[3]):
            seen.append(sql)
        return result

    with connection.execute_wrapper(look):
        yield seen


def check(response: Any, seen: list[str]) -> None:
    """Raises AssertionError if a request that was obeyed changed something of members and left no event."""
    if response.status_code < 400 and seen:
        assert any(_EVENT in sql for sql in seen), f"A change without an audit event: {seen[0][:300]}"


def _is_told_of(table: str, assignments: str | None) -> bool:
    if table == _EVENT:
        return True
    columns = set(re.findall(r'"(\w+)" = ', assignments or ""))
    return bool(_TABLES.match(table)) and not (columns and columns <= _BOOK_KEEPING.get(table, set()))
