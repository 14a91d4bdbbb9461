"""Makes our values of a site's JSON. Whatever has the wrong type counts as not said. Nothing here raises."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any

import jwt

from connections.unicore.values import (
    Budget,
    FileStat,
    IssuedToken,
    JobPortrait,
    JobState,
    JobStatus,
    SiteAccess,
    SiteOffer,
)
from connections.unicore.wording import clean, redact

STATUS_FIELDS = "status,statusMessage,exitCode,batchSystemID,queue,consumedTime,submissionTime,terminationTime"
PORTRAIT_FIELDS = f"{STATUS_FIELDS},name,tags"
# A job that is said to have run for more than ten years did not.
_LONGEST_SECONDS = 10 * 366 * 86_400
_NOT_SAID = {"", "N/A", "n/a"}


def job_status(document: Mapping[str, Any], *, date: str | None = None) -> JobStatus | None:
    """The status of a job; None if the document names no state. An unknown state becomes UNDEFINED, as in UNICORE.

    `date` is the header Date of the answer.
    """
    state = document.get("status")
    if not isinstance(state, str):
        return None
    return JobStatus(
        state=JobState(state) if state in JobState.__members__ else JobState.UNDEFINED,
        message=redact(text(document.get("statusMessage"))),
        exit_code=_integer(document.get("exitCode")),
        batch_system_id=_optional(document.get("batchSystemID")),
        queue=_optional(document.get("queue")),
        consumed_seconds=MappingProxyType(_seconds(document.get("consumedTime"))),
        submitted_at=moment(document.get("submissionTime")),
        terminates_at=moment(document.get("terminationTime")),
        answered_at=_http_date(date),
    )


def job_portrait(document: Mapping[str, Any]) -> JobPortrait | None:
    """What identifies a job; None if the document names no state."""
    status = job_status(document)
    if status is None:
        return None
    return JobPortrait(_optional(document.get("name")) or "", _texts(document.get("tags")), status)


def file_stat(document: Mapping[str, Any]) -> FileStat | None:
    size = _integer(document.get("size"))
    if size is None or size < 0:
        return None
    return FileStat(
        size=size,
        is_directory=document.get("isDirectory") is True,
        modified_at=moment(document.get("lastAccessed")),
    )


def folder(document: Mapping[str, Any]) -> dict[str, FileStat]:
    """What is in a folder, by name. Empty for a file, and for what the site does not describe."""
    found = {}
    for path, facts in _object(document.get("content")).items():
        name = str(path).rstrip("/").rpartition("/")[2]
        if name and (stat := file_stat(_object(facts))) is not None:
            found[name] = stat
    return found


def site_access(document: Mapping[str, Any]) -> SiteAccess | None:
    """Who the site takes us for; None if the document does not say."""
    client, server = _object(document.get("client")), _object(document.get("server"))
    role = _object(client.get("role")).get("selected")
    if not isinstance(role, str):
        return None
    login, submission = _object(client.get("xlogin")), _object(server.get("jobSubmission"))
    return SiteAccess(
        login_name=text(login.get("UID")),
        dn=text(client.get("dn")),
        role=clean(role),
        login_names=_texts(login.get("availableUIDs")),
        groups=_texts(login.get("availableGroups")),
        queues=_queues(client.get("queues")),
        takes_jobs=submission.get("enabled") is not False,
        message=text(submission.get("message")),
        site_name=text(server.get("siteName")),
        server_version=text(server.get("version")),
        server_dn=text(_object(server.get("credential")).get("dn")),
    )


def site_offer(document: Mapping[str, Any]) -> SiteOffer:
    """What a login may ask for. Of the limits that the site lists, only texts and lists of texts are kept."""
    queues = {
        clean(queue, limit=120): {
            clean(name, limit=120): limit if isinstance(limit, str) else list(_texts(limit))
            for name, limit in _object(limits).items()
            if isinstance(limit, str | list)
        }
        for queue, limits in _object(document.get("resources")).items()
    }
    budgets = _object(document.get("remainingComputeTime")).items()
    found = (_budget(account, budget) for account, budget in sorted(budgets))
    return SiteOffer(queues, tuple(budget for budget in found if budget))


def _budget(account: str, budget: Any) -> Budget | None:
    """`{"remaining": "1200", "units": "core-h", "rel": "60%"}`. A budget that the site does not know is -1.

    The account whose name it does not know is `__CURRENT_PROJECT__`.
    """
    remaining = _integer(_object(budget).get("remaining"))
    if remaining is None or remaining < 0:
        return None
    percent = _integer(text(budget.get("rel")).removesuffix("%"))
    named = "" if account == "__CURRENT_PROJECT__" else clean(account, limit=120)
    return Budget(named, remaining, text(budget.get("units"))[:40], percent if percent in range(101) else None)


def issued_token(content: bytes) -> IssuedToken | None:
    """The token in an answer; None if there is none. Its signature is not checked here: the site made it."""
    try:
        value = content.decode("ascii").strip()
        claims = jwt.decode(value, options={"verify_signature": False})
    except (UnicodeDecodeError, jwt.InvalidTokenError):
        return None
    return IssuedToken(value, _epoch(claims.get("iat")), _epoch(claims.get("exp")))


def _epoch(value: Any) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(value, UTC)
    return None


def moment(value: Any) -> datetime | None:
    """`2026-09-23T09:05:20+0200` as an aware datetime."""
    if isinstance(value, str):
        with suppress(ValueError, OverflowError):
            when = datetime.fromisoformat(value)
            return when if when.tzinfo else None
    return None


def job_date(when: datetime) -> str:
    """`when` as UNICORE reads a date: without a colon in the offset."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _http_date(value: str | None) -> datetime | None:
    with suppress(ValueError, OverflowError):
        when = parsedate_to_datetime(value or "")
        return when if when.tzinfo else None
    return None


def text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def _optional(value: Any) -> str | None:
    words = text(value)
    return None if words in _NOT_SAID else words


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) < 20:
        with suppress(ValueError):
            return int(value)
    return None


def _seconds(value: Any) -> dict[str, float]:
    """Seconds by phase. Phases that did not happen are left out: UNICORE says "N/A" of them."""
    found = {}
    for phase, consumed in _object(value).items():
        with suppress(TypeError, ValueError, OverflowError):
            seconds = float(consumed)
            if 0 <= seconds <= _LONGEST_SECONDS and not isinstance(consumed, bool):
                found[clean(phase, limit=40)] = seconds
    return found


def _queues(value: Any) -> tuple[str, ...]:
    """`{"availableQueues": ["batch:devel"]}`: one entry of the user database may name several."""
    listed = value.get("availableQueues") if isinstance(value, dict) else value
    names = (name for entry in _texts(listed) for name in entry.split(":"))
    return tuple(dict.fromkeys(name for name in names if name))


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(clean(item) for item in value if isinstance(item, str))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
