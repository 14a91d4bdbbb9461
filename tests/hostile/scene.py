"""A project whose owner has something of each kind, and the address of each page for them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from connections.models import Connection
from mantik.accounts.models import Session, User
from mantik.demo.visitor import read_page
from mantik.tokens.models import Scope
from mantik.tokens.services import make_token
from projects.models import Membership
from projects.roles import Role
from runs.states import RunState
from tests.matrix.addresses import pages
from tests.support.factories import (
    append_log,
    join,
    make_connection,
    make_group,
    make_group_membership,
    make_invitation,
    make_notice,
    make_project,
    make_run,
    make_schedule,
    make_second_factors,
    make_site,
    make_slot,
    make_user,
)
from tests.support.pages import confirm_identity
from tests.support.registered_models import make_model
from tests.support.world import World, make_world

# Nobody listens there: sites, git hosts and MLflow are away.
NOWHERE = "http://127.0.0.1:9"
SITE = "https://127.0.0.1:9/SITE/rest/core"
# For probes, sites and programs, and the operators' pages, which have tests of their own here.
NOT_FOR_PEOPLE = re.compile("admin|tracking|notify|healthz|readyz|metrics|api/")
_ARGUMENT = re.compile(r"<(\w+):(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))+\)")


def people_pages() -> dict[str, str]:
    return {name: route for name, route in pages().items() if not NOT_FOR_PEOPLE.match(route)}


@dataclass
class Scene:
    world: World
    owner: User
    client: Client
    ids: dict[str, Any]

    def url(self, name: str) -> str:
        return "/" + _ARGUMENT.sub(lambda found: self._part(name, found), people_pages()[name]).strip("^$")

    def ask(self, method: str, url: str, data: str = "") -> Any:
        """The answer to the owner; nothing of it lasts. `data`: of a POST, encoded."""
        cookies = copy(self.client.cookies)
        kind = "application/x-www-form-urlencoded"
        with transaction.atomic():
            answer: Any = self.client.get(url) if method == "GET" else self.client.post(url, data, content_type=kind)
            if getattr(answer, "streaming", False):
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
        self.client.cookies = cookies
        return answer

    def broken(self, method: str, url: str, data: str = "") -> str:
        """How the answer is wrong, "" if it is not: it says nothing, or a person would see a page that is broken."""
        try:
            answer = self.ask(method, url, data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it would be a 500
            return f"{type(error).__name__}: {error}"[:300]
        is_page = answer["Content-Type"].startswith("text/html") if "Content-Type" in answer else False
        if answer.status_code == 422 and is_page and not read_page(answer.content.decode()).complaints:
            return "refused without a sentence"
        return str(answer.status_code) if answer.status_code >= 500 else ""

    def _part(self, name: str, found: re.Match[str]) -> str:
        kind = found[2] or found[3]
        if kind != "uuid":
            return str(self.ids[kind] if not name.startswith("docs:") else "runs")
        return str(next(row for start, row in self.ids["uuid"].items() if name.startswith(start)))


def make_scene(directory: Path) -> Scene:
    world = make_world(directory, base_url=SITE, login="ada", password="s3cret")
    owner, project = world.user, world.project
    Membership.objects.filter(project=project, user=owner).update(role=Role.OWNER)
    owner.refresh_from_db()
    make_second_factors(owner)
    rows = dict(_rows(world, owner))
    client = Client(raise_request_exception=True)
    client.force_login(owner)
    confirm_identity(client, owner)
    rows["accounts:session"] = Session.objects.get(user=owner).uuid
    passkey = Authenticator.objects.get(user=owner, type="webauthn")
    ids = {
        "slug": project.slug,
        "uuid": rows,
        "person": rows["person"],
        "pk": passkey.pk,
        "key": "x",
        "uidb36": "1",
        "provider_id": "helmholtz",
    }
    return Scene(world, owner, client, ids)


def _rows(world: World, owner: User) -> Iterator[tuple[str, Any]]:
    """By the beginning of the name of the pages that are about it; the more special ones come first."""
    project = world.project
    shared: dict[str, Any] = {"project": project, "created_by": owner}
    run = make_run(
        RunState.FINISHED, code_repository=world.code, connection=world.connection, mlflow_run_id="1f" * 16, **shared
    )
    append_log(run, "one line\n" * 50)
    spare = make_run(RunState.FINISHED, mlflow_run_id="2f" * 16, **shared)
    model = make_model(run=make_run(RunState.FINISHED, **shared))
    schedule = make_schedule(run=run, created_by=owner, connection=world.connection)
    make_slot(schedule, schedule.created_at)
    helper = make_user()
    group = make_group(helper, admin=owner)
    given = make_group(admin=owner)
    make_group_membership(group=given, project=project)
    other = make_group(admin=owner)
    make_notice(owner)
    now = timezone.now()
    tomorrow = now + timedelta(days=1)
    yield "runs:register", spare.uuid
    yield "runs:cancel", make_run(RunState.PENDING, connection=world.connection, **shared).uuid
    yield "runs:", run.uuid
    yield "schedules:", schedule.uuid
    yield "registered_models:", model.uuid
    yield "projects:code", world.code.uuid
    yield "projects:experiment", world.experiment.uuid
    yield "projects:member-group", given.uuid
    yield "projects:member", join(project, Role.RESEARCHER).uuid
    yield "projects:withdraw", make_invitation(project=project, user=make_user()).uuid
    yield "projects:group-person", group.uuid
    yield "projects:group", other.uuid
    yield "projects:invitation", make_invitation(project=make_project(), user=owner).uuid
    yield "connections:site", make_site(added_by=owner).uuid
    yield "connections:", make_connection(owner=owner, kind=Connection.Kind.GIT_TOKEN).uuid
    yield "tokens:", make_token(user=owner, name="laptop", scope=Scope.READ, expires_at=tomorrow, now=now)[0].uuid
    yield "person", helper.uuid
    yield "", uuid.uuid4()


def settings_of_scene() -> override_settings:
    return override_settings(MANTIK_MLFLOW_URI=NOWHERE, MANTIK_GIT_ALLOW_LOCAL=True, MANTIK_MEMBERS_ADD_SITES=True)
