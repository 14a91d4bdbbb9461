"""What a connection's site has said of accounts, and what a form says of them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

from django.utils import timezone

from connections.models import Connection


def tell(connection: Connection, limits: dict[str, Any], **facts: Any) -> Connection:
    """As a good test three days ago left it."""
    tested = timezone.now() - timedelta(days=3)
    connection.queue_limits = limits
    connection.facts = {"told_at": tested.isoformat(), "account": "ada", "budgets": [], **facts}
    connection.tested_at, connection.test_outcome = tested, Connection.TestOutcome.WORKS
    connection.save()
    return connection


def field_of(answer: Any) -> str:
    """What stands in the account field of a page or a fragment."""
    found = re.search(r'<input[^>]*name="compute_budget_account"[^>]*>', answer.content.decode())
    assert found
    value = re.search(r'value="([^"]*)"', found[0])
    return value[1] if value else ""


def offered(answer: Any) -> list[str]:
    return re.findall(r'name="use-compute_budget_account" value="([^"]*)"', answer.content.decode())


def error_at(answer: Any, field: str) -> str:
    found = re.search(rf'<p class="field-error" id="id_{field}_error">(.*?)</p>', answer.content.decode())
    return unescape(found[1]) if found else ""
