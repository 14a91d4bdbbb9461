"""Every form, sent three times as one rendered form: it has the same effect as sent once.

The forms come from the URL configuration. One that is in neither table here fails the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core import mail
from django.db import transaction
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule
from pytest_django import DjangoDbBlocker

from connections.logins.kinds import Kind
from mantik.accounts.models import Session, User
from mantik.kept_forms.addresses import _KEPT
from projects.roles import Role
from runs.states import RunState
from tests.matrix.addresses import pages
from tests.support import factories as make
from tests.support.forms import as_browser_posts
from tests.support.pages import confirm_identity
from tests.support.registered_models import make_model
from tests.support.tables import log

pytestmark = pytest.mark.any_database

# What a form is filled in with besides what it stands on, as far as something has to be.
MAKES: dict[str, dict[str, str]] = {
    "projects:add": {"name": "New", "slug": "new"},
    "projects:code-add": {"name": "new", "url": "https://git.example.org/a/new.git"},
    "projects:experiment-add": {"name": "new"},
    "projects:group-add": {"name": "new"},
    "projects:group-person-add": {"person": "thrice-carol"},
    "projects:invite": {"person": "thrice-dora"},
    "projects:member-group-add": {"group": "other_group"},
    "connections:add": {"kind": Kind.GIT_TOKEN, "name": "new", "secret": "new"},
    "connections:site-add": {"name": "new", "base_url": "https://hpc.example.org:8080/NEW/rest/core"},
    "tokens:add": {"name": "new"},
    "schedules:duplicate": {},
}
CHANGES: dict[str, dict[str, str]] = {
    "accounts:account": {"first_name": "New"},
    "accounts:sessions-end": {},
    "connections:delete": {},
    "connections:rename": {"name": "new"},
    "connections:secret": {"secret": "new"},
    "connections:site-delete": {},
    "connections:test": {},
    "notices:read": {"up_to": "999999"},
    "projects:code-delete": {},
    "projects:code-edit": {"name": "new"},
    "projects:code-refresh": {},
    "projects:experiment-columns": {"columns": "param.new"},
    "runs:table-columns": {"columns": "param.new"},
    "projects:experiment-delete": {},
    "projects:experiment-edit": {"name": "new"},
    "projects:experiment-metric": {"metric": "loss"},
    "projects:group-delete": {},
    "projects:group-leave": {},
    "projects:group-person-admin": {},
    "projects:group-person-remove": {},
    "projects:group-rename": {"name": "new"},
    "projects:invitation-accept": {},
    "projects:invitation-decline": {},
    "projects:leave": {},
    "projects:member-group-remove": {},
    "projects:member-group-role": {"role": Role.REPORTER},
    "projects:member-hand-over": {},
    "projects:member-remove": {},
    "projects:member-role": {"role": Role.REPORTER},
    "projects:settings": {"summary": "new"},
    "projects:withdraw": {},
    "registered_models:aliases": {"alias": "best"},
    "registered_models:edit": {"description": "new"},
    "registered_models:restore": {},
    "registered_models:unregister": {},
    "runs:cancel": {},
    "runs:delete": {},
    "runs:edit": {"name": "new"},
    "runs:failures-seen": {"until": "2026-12-01T10:00:00+00:00"},
    "runs:revoke-token": {},
    "runs:star": {"starred": "yes"},
    "schedules:delete": {},
    "schedules:edit": {"name": "new"},
    "schedules:pause": {},
    "schedules:resume": {},
    "tokens:revoke": {},
}
PREVIEW = "It shows what was typed, and stores nothing."
ALLAUTH = "allauth keeps the rules: a second one changes nothing more, or is refused. tests/mantik/accounts tries them."
ELSEWHERE = {
    "runs:new": "tests/runs/planning/test_new_run.py: it needs code that was read.",
    "runs:register": "tests/runs/registered_models/test_register_page.py: a run has one registered model.",
    "schedules:run-now": "tests/schedules/services: it needs code that was read.",
    "schedules:add": "A project has one schedule of a name, and the view is once_per_form; the form needs a real run.",
    "accounts:session-end": "tests/mantik/accounts/test_sessions.py: a session that has ended is not found.",
    "projects:delete": "It is refused while runs are active; a project that was deleted is not found.",
    "projects:code-host-key": "tests/projects/code: it accepts the very key that it has shown.",
    "account-delete": "tests/mantik/account_deletion: an account is deleted once.",
    "projects:description-preview": PREVIEW,
    "registered_models:edit-preview": PREVIEW,
    "runs:edit-preview": PREVIEW,
    "runs:new-preview": PREVIEW,
    "schedules:add-preview": PREVIEW,
    "schedules:edit-preview": PREVIEW,
    "account_change_password": ALLAUTH,
    "account_email": ALLAUTH,
    "account_set_password": ALLAUTH,
    "mfa_deactivate_totp": ALLAUTH,
    "mfa_edit_webauthn": ALLAUTH,
    "mfa_generate_recovery_codes": ALLAUTH,
    "mfa_remove_webauthn": ALLAUTH,
    "socialaccount_connections": ALLAUTH,
}
# The add pages of the admin, by model. A password is one that nobody has guessed.
_PASSWORD = {"usable_password": "true", "password1": "vivid-otter-39", "password2": "vivid-otter-39"}
ADDED_BY_OPERATORS: dict[str, dict[str, str]] = {
    "accounts.User": {"username": "thrice-new", **_PASSWORD},
    "auth.Group": {"name": "new"},
    "connections.Site": {"name": "new", "base_url": "https://hpc.example.org:8080/NEW/rest/core"},
    "django_celery_beat.ClockedSchedule": {"clocked_time_0": "2030-01-01", "clocked_time_1": "12:00"},
    "django_celery_beat.CrontabSchedule": {
        **dict.fromkeys(("minute", "hour", "day_of_month", "month_of_year", "day_of_week"), "1"),
        "timezone": "UTC",
    },
    "django_celery_beat.IntervalSchedule": {"every": "7", "period": "days"},
    "django_celery_beat.PeriodicTask": {"name": "new", "task": "new", "regtask": "", "interval": "interval"},
    "django_celery_beat.SolarSchedule": {"event": "dawn_astronomical", "latitude": "1", "longitude": "1"},
    "projects.Project": {
        "name": "New",
        "slug": "new",
        "memberships-TOTAL_FORMS": "1",
        "memberships-0-user": "operator",
        "memberships-0-role": Role.OWNER,
    },
    "projects.UserGroup": {
        "name": "new",
        "members-TOTAL_FORMS": "1",
        "members-0-user": "operator",
        "members-0-is_admin": "on",
    },
}
# Of those of the page a browser sends the one that was pressed.
BUTTONS = ("_save", "_addanother", "_continue")
# What a browser or Mantik keeps for itself.
BOOK_KEEPING = {"accounts.Session", "idempotency.IdempotencyKey", "admin.LogEntry"}


class Place:
    """Alice owns a project with something of each kind in it."""

    def __init__(self) -> None:
        self.alice = alice = make.make_user("thrice-alice", is_staff=True)
        bob = make.make_user("thrice-bob")
        make.make_user("thrice-carol")
        make.make_user("thrice-dora")
        project = self.project = make.make_project(slug="thrice", name="Thrice")
        make.join(project, Role.OWNER, alice)
        make.join(project, Role.OWNER, make.make_user("thrice-owner"))
        make.join(project, Role.RESEARCHER, bob)
        group = make.make_group(bob, admin=alice)
        make.make_group_membership(group=group, project=project)
        other_group = make.make_group(admin=alice)
        elsewhere = make.make_project(slug="thrice-elsewhere")
        code = make.make_code_repository(project=project, created_by=alice)
        finished = make.make_run(RunState.FINISHED, project=project, created_by=alice, code_repository=code)
        model = make_model(run=make.make_run(RunState.FINISHED, project=project, created_by=alice))
        site = make.make_site(added_by=alice)
        experiment = make.make_experiment(project=project, created_by=alice)
        logged = make.make_run(RunState.FINISHED, project=project, created_by=alice, experiment=experiment)
        log(logged, metrics={"loss": 0.5}, params={"new": "1"})
        self.rows: dict[str, Any] = {
            "code": code,
            "experiment": experiment,
            "run": finished,
            "waiting": make.make_run(RunState.PENDING, project=project, created_by=alice),
            "model": model,
            "schedule": make.make_schedule(run=finished, created_by=alice),
            "group": group,
            "other_group": other_group,
            "member": bob,
            "invitation": make.make_invitation(project=project, user=make.make_user()),
            "own invitation": make.make_invitation(project=elsewhere, user=alice),
            "connection": make.make_connection(owner=alice, kind=Kind.GIT_TOKEN),
            "site": site,
            "token": make.make_stored_token(alice, "mantik_thrice", expires_at=timezone.now() + timedelta(days=9)),
        }
        make.make_notice(alice)

    def url(self, name: str) -> str:
        route = "/" + pages()[name].replace("<slug:slug>", self.project.slug).replace(
            "<uuid:person>", self._uuid("member")
        )
        return route.replace("<uuid:uuid>", self._uuid(self._kind(name)))

    def typed(self, values: dict[str, str]) -> dict[str, str]:
        """What stands for a row is its UUID."""
        return {name: self._uuid(value) if name in ("group", "run") else str(value) for name, value in values.items()}

    def _uuid(self, kind: str) -> str:
        if kind == "session":
            return str(Session.objects.earliest("pk").uuid)
        return str(self.rows[kind].uuid)

    def _kind(self, name: str) -> str:
        app, _, page = name.partition(":")
        usual = {"runs": "run", "schedules": "schedule", "registered_models": "model", "tokens": "token"}
        if name == "runs:cancel":
            return "waiting"
        if app in usual:
            return usual[app]
        starts = {
            "code": "code",
            "experiment": "experiment",
            "group": "group",
            "member-group": "group",
            "withdraw": "invitation",
            "invitation": "own invitation",
            "site": "site",
            "session": "session",
        }
        found = (kind for start, kind in starts.items() if page.startswith(start))
        return next(found, "connection" if app == "connections" else "member")


@pytest.fixture(scope="module")
def place(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Place]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield Place()
        transaction.set_rollback(True)


def signed_in(user: User) -> Client:
    Client().force_login(user)
    client = Client()
    client.force_login(user)
    confirm_identity(client, user)
    return client


def rendered(client: Client, url: str) -> dict[str, str]:
    """The form at `url` as a browser would send it. A button without a page is drawn on others."""
    page = client.get(url)
    return as_browser_posts(page if page.status_code == 200 else client.get("/projects/add/"))


def counted() -> Counter[str]:
    rows = {model._meta.label: model._base_manager.count() for model in apps.get_models()}
    return Counter(
        {label: count for label, count in rows.items() if label not in BOOK_KEEPING} | {"mail": len(mail.outbox)}
    )


def operator() -> User:
    return make.make_user("thrice-operator", is_staff=True, is_superuser=True)


def added_by_operator(client: Client, label: str) -> tuple[str, dict[str, str]]:
    """The add page of the admin, and its form, filled in."""
    app, model = label.lower().split(".")
    url, values = reverse(f"admin:{app}_{model}_add"), dict(ADDED_BY_OPERATORS[label])
    stands_for = {"operator": str(client.session["_auth_user_id"])}
    if "interval" in values:
        stands_for["interval"] = str(IntervalSchedule.objects.create(every=9, period="days").pk)
    form = as_browser_posts(client.get(url))
    assert form["idempotency_key"]
    drawn = {name: value for name, value in form.items() if name not in BUTTONS}
    return url, drawn | {name: stands_for.get(value, value) for name, value in values.items()}


def test_every_form_is_in_a_table_and_every_line_is_a_form() -> None:
    assert {*MAKES, *CHANGES, *ELSEWHERE} == _KEPT


@pytest.mark.django_db
def test_every_add_page_of_the_admin_is_in_the_table() -> None:
    request = RequestFactory().get("/admin/")
    request.user = operator()
    added = {model._meta.label for model, own in admin.site._registry.items() if own.has_add_permission(request)}
    assert added == set(ADDED_BY_OPERATORS)
    # A copy would be made on the page of an old row.
    assert not [own for own in admin.site._registry.values() if own.save_as]


@pytest.mark.django_db
@pytest.mark.parametrize("button", [*BUTTONS, "_popup"])
@pytest.mark.parametrize("label", ADDED_BY_OPERATORS)
def test_an_add_page_of_the_admin_sent_three_times_adds_one(label: str, button: str) -> None:
    client = signed_in(operator())
    url, form = added_by_operator(client, label)
    before = counted()
    answers = [client.post(url, form | {button: "1"}) for _ in range(3)]
    made = counted() - before
    assert made[label] == 1, (made, answers[0].content.decode()[-3000:])
    expected = 200 if button == "_popup" else 302
    assert {answer.status_code for answer in answers} == {expected}
    assert len({answer.headers.get("Location", answer.content.decode()) for answer in answers}) == 1


@pytest.mark.django_db
def test_another_button_of_the_same_page_of_the_admin_adds_nothing_more() -> None:
    client = signed_in(operator())
    url, form = added_by_operator(client, "django_celery_beat.IntervalSchedule")
    before = IntervalSchedule.objects.count()
    for button in BUTTONS:
        assert client.post(url, form | {button: "1"}).status_code == 302
    assert IntervalSchedule.objects.count() == before + 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*MAKES, *CHANGES])
def test_sent_three_times_it_takes_effect_once(place: Place, name: str) -> None:
    with transaction.atomic(), override_settings(MANTIK_MEMBERS_ADD_SITES=True):
        if name == "connections:site-delete":
            place.rows["connection"].delete()
        client, url = signed_in(place.alice), place.url(name)
        before = counted()
        if name == "connections:add":
            url += f"?kind={Kind.GIT_TOKEN}"
        form = rendered(client, url) | place.typed({**MAKES, **CHANGES}[name])
        assert form["idempotency_key"]
        assert form["form_of"]
        first = client.post(url, form)
        assert first.status_code in (201, 302), first.content.decode()[-3000:]
        once = counted()
        others = [client.post(url, form) for _ in range(2)]
        assert counted() == once
        assert {answer.status_code for answer in others} <= {200, 302, 404, 422}, others[0].content.decode()[-3000:]
        if name in MAKES:
            assert once != before
            assert {answer.status_code for answer in others} == {302}
            assert first.status_code == 201 or {answer["Location"] for answer in others} == {first["Location"]}
        transaction.set_rollback(True)
