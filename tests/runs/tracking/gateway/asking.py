"""Programs that call the gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.test import Client, RequestFactory
from django.utils import timezone

from mantik.accounts.models import User
from mantik.tokens.models import Scope
from mantik.tokens.named_projects import NamedProject
from mantik.tokens.services import make_token
from projects.models import Project
from runs.models import Run
from runs.tracking.run_tokens import make_run_token

API = "api/2.0/mlflow/"


@dataclass(frozen=True)
class Call:
    """`path` is not encoded yet, and without /tracking/. `body`: JSON, or bytes as they are."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Answer:
    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def code(self) -> str:
        """Of an error, "" without one."""
        return str(json.loads(self.content).get("error_code", ""))


def ask(token: str | None, call: Call, **headers: str) -> Answer:
    """Of whoever has `token`; None is nobody."""
    given: Any = sent_by(Client(), token, call, **headers)
    content = b"".join(given.streaming_content) if given.streaming else given.content
    return Answer(given.status_code, content, dict(given.headers))


def sent_by(client: Client | RequestFactory, token: str | None, call: Call, **headers: str) -> Any:
    """The answer that a client gets, or the request that a factory makes."""
    is_json = call.body is not None and not isinstance(call.body, bytes)
    sent = {"authorization": f"Bearer {token}"} if token is not None else {}
    return client.generic(
        call.method,
        f"/tracking/{quote(call.path)}",
        json.dumps(call.body) if is_json else call.body or b"",
        content_type="application/json" if call.body is not None else "",
        headers=sent | headers,
        QUERY_STRING=urlencode(call.query, doseq=True),
    )


def token_of_member(user: User, scope: Scope = Scope.SUBMIT, *, days: int = 1, only: Sequence[Project] = ()) -> str:
    """`days`: how long it is valid; it has expired if that is negative. `only`: what it is restricted to."""
    made = timezone.now() + timedelta(days=min(days, 0) * 2)
    number = user.tokens.count() if hasattr(user, "tokens") else 0
    name = f"{scope}-{days}-{number}"
    ends = timezone.now() + timedelta(days=days)
    projects = [NamedProject(project.uuid, project.name, project.slug) for project in only]
    return make_token(user=user, name=name, scope=scope, expires_at=ends, now=made, projects=projects)[1]


def token_of_job(run: Run) -> str:
    """The token of the job of a run, in the one place that knows how it is made."""
    return make_run_token(run, now=timezone.now())
