"""Every change leaves an event, and an event holds no secret and is never changed."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import structlog
from django.db import transaction
from django.test import Client
from django.urls import reverse

from mantik.accounts.models import User
from mantik.audit.csv_export import BATCH, COLUMNS, lines_of
from mantik.audit.models import AuditEvent
from mantik.audit.services import record
from mantik.audit.verbs import VERBS
from projects.models import Project
from tests.conftest import ClientOf

pytestmark = pytest.mark.django_db


def recorded(target: Project, **columns: Any) -> AuditEvent:
    record("token.created", actor=columns.pop("actor", None), target=target, **columns)
    return AuditEvent.objects.latest("pk")


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_an_event_says_who_did_what_to_what(project: Project, owner: User) -> None:
    event = recorded(
        project, actor=owner, project=project, before={"summary": ""}, after={"summary": "Sun", "seats": 3}
    )

    assert (event.actor, event.actor_name) == (owner, "alice")
    assert (event.target_kind, event.target_name, event.target_uuid) == ("project", "PV yield", project.uuid)
    assert event.project_uuid == project.uuid
    assert [(change.name, change.before, change.after) for change in event.changes] == [
        ("summary", "", "Sun"),
        ("seats", None, 3),
    ]
    assert str(event) == "alice added the personal access token PV yield"


def test_what_nobody_asked_for_is_done_by_mantik(project: Project) -> None:
    assert recorded(project).actor_name == "Mantik"


def test_an_event_outlives_its_actor_and_its_target(project: Project, owner: User) -> None:
    event = recorded(project, actor=owner, project=project)
    uuid = project.uuid

    project.delete()
    owner.delete()

    event.refresh_from_db()
    assert (event.actor, event.actor_name, event.target_name, event.project_uuid) == (None, "alice", "PV yield", uuid)


def test_an_event_goes_with_the_change_that_it_tells_of(project: Project) -> None:
    with transaction.atomic():
        recorded(project)
        transaction.set_rollback(True)

    assert not AuditEvent.objects.exists()


def test_an_event_carries_the_id_of_the_request(project: Project) -> None:
    with structlog.contextvars.bound_contextvars(request_id="5f0c"):
        assert recorded(project).request_id == "5f0c"
    assert recorded(project).request_id == ""


@pytest.mark.parametrize("name", ["secret", "sealed_secret", "new_password", "Token", "private_half"])
def test_a_field_that_is_named_like_a_secret_is_refused(project: Project, name: str) -> None:
    with pytest.raises(ValueError, match="must not contain secrets"):
        recorded(project, after={name: "s3cret"})

    assert not AuditEvent.objects.exists()


def test_a_verb_that_is_not_in_the_table_is_refused(project: Project) -> None:
    with pytest.raises(ValueError, match=r"does not list 'project\.eaten'"):
        record("project.eaten", actor=None, target=project)


def test_every_verb_has_words_and_a_noun() -> None:
    for verb, words in VERBS.items():
        noun, dot, participle = verb.partition(".")
        assert noun, verb
        assert dot, verb
        assert participle, verb
        assert words.strip(), verb


def test_the_table_for_spreadsheets_has_every_event_and_runs_no_formula(project: Project) -> None:
    for number in range(3):
        recorded(project, after={"number": number})
    project.name = "=HYPERLINK(1)"
    recorded(project)

    rows = table("".join(lines_of(AuditEvent.objects.all())))

    assert list(rows[0]) == list(COLUMNS)
    assert rows[0]["target_name"] == "'=HYPERLINK(1)"
    assert [row["after"] for row in rows] == ["", '{"number": 2}', '{"number": 1}', '{"number": 0}']


def test_the_table_goes_on_after_a_batch(project: Project) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(verb="token.created", actor_name="alice", target_kind="project", target_name=str(number))
        for number in range(BATCH + 1)
    )

    rows = table("".join(lines_of(AuditEvent.objects.all())))

    assert [row["target_name"] for row in rows] == [str(number) for number in reversed(range(BATCH + 1))]


def test_operators_read_and_export_events_and_change_none(
    client_of: ClientOf, operator: User, project: Project
) -> None:
    event = recorded(project)
    client: Client = client_of(operator)
    changelist = reverse("admin:audit_auditevent_changelist")

    page = client.get(changelist, {"about": "token"})
    answer = client.post(changelist, {"action": "export_as_csv", "_selected_action": [event.pk]})

    assert "PV yield" in page.content.decode()
    assert [row["verb"] for row in table(answer.getvalue().decode())] == ["token.created"]
    assert client.get(reverse("admin:audit_auditevent_add")).status_code == 403
    assert client.post(reverse("admin:audit_auditevent_delete", args=[event.pk]), {"post": "yes"}).status_code == 403
    assert client.post(reverse("admin:audit_auditevent_change", args=[event.pk]), {"verb": "x.y"}).status_code == 403
    event.refresh_from_db()
    assert event.verb == "token.created"
