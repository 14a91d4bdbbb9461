"""Every page of the URL configuration opens on the data of a release, at every row, and lists name what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from connections.models import Connection
from mantik.accounts.models import User
from mantik.notices.models import Notice
from mantik.tokens.models import PersonalAccessToken
from projects.models import Project, UserGroup
from projects.roles import Role
from tests.matrix.addresses import pages
from tests.support.pages import confirm_identity, page_text
from tests.upgrade import known
from tests.upgrade.visits import is_for_members, owner_of, visits

ONLY_POST = {405}
# With a key out of a mail, or at a provider.
NOT_VISITED = {
    "account_confirm_email",
    "account_reset_password_from_key",
    "openid_connect_login",
    "openid_connect_callback",
}
# Pages of rows that the newest release did not know yet. Empty when the next one has left its data.
SINCE_THE_NEWEST: set[str] = set()
# Where some rows have no such page, or where a page leads on; MLflow is away.
NOT_JUST_200: dict[str, set[int]] = {
    # For who has sent a form and was not signed in.
    "kept-form": {302},
    "projects:home": {302},
    "projects:code-host-key": {200, 302},
    "projects:member-hand-over": {200, 404},
    "runs:artifact": {302, 404},
    "runs:register-models": {302},
    "runs:register-name": {302},
    "registered_models:certificate-download": {200, 404},
    "registered_models:download": {302, 404},
    # For who is not signed in, or has just begun to sign in.
    "account_login": {302},
    "account_signup": {302},
    "mfa_authenticate": {302},
    "mfa_login_webauthn": {302},
    "socialaccount_signup": {302},
    "socialaccount_login_error": {401},
    # For who has a second factor, or has no password.
    "mfa_reauthenticate": {200, 302},
    "mfa_reauthenticate_webauthn": {200, 302},
    "mfa_activate_totp": {200, 302},
    "mfa_deactivate_totp": {200, 404},
    "mfa_view_recovery_codes": {200, 404},
    "mfa_download_recovery_codes": {200, 404},
    "account_set_password": {302},
}


class Browsers:
    """One for each person, signed in; they have just shown once more who they are."""

    def __init__(self) -> None:
        self._clients: dict[int, Client] = {}

    def of(self, user: User) -> Client:
        if user.pk not in self._clients:
            client = self._clients[user.pk] = Client()
            client.force_login(user)
            confirm_identity(client, user)
        return self._clients[user.pk]


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("upgraded")
def test_every_page_opens_at_every_row() -> None:
    browsers = Browsers()
    wrong = {}
    for name, route in pages().items():
        if is_for_members(route):
            found = {browsers.of(visit.viewer).get(visit.path).status_code for visit in visits(name, route)}
            if found and found != ONLY_POST and not is_as_expected(found, NOT_JUST_200.get(name, {200})):
                wrong[name] = found
    assert wrong == {}


def is_as_expected(found: set[int], expected: set[int]) -> bool:
    """Rows of other releases may be fewer, but one of them at least has the page, if any is to have it."""
    return found <= expected and (200 in found or 200 not in expected)


@pytest.mark.usefixtures("upgraded", "only_newest")
def test_the_newest_release_has_left_rows_for_every_page() -> None:
    of_members = {name: route for name, route in pages().items() if is_for_members(route)}
    assert {name for name, route in of_members.items() if not any(visits(name, route))} == (
        NOT_VISITED | SINCE_THE_NEWEST
    )


Rows = Callable[[Project], Iterable[str]]
LISTS: dict[str, Rows] = {
    "projects:code": lambda project: project.code_repositories.values_list("name", flat=True),
    "projects:experiments": lambda project: project.experiments.values_list("name", flat=True),
    "projects:members": lambda project: [user.display_name for user in project.members.all()],
    "runs:list": lambda project: project.runs.values_list("name", flat=True),
    "runs:submissions": lambda project: project.runs.values_list("name", flat=True),
    "registered_models:list": lambda project: project.registered_models.values_list("name", flat=True),
    "schedules:list": lambda project: project.schedules.values_list("name", flat=True),
}
OWN_LISTS: dict[str, Callable[[User], Iterable[str]]] = {
    "projects:list": lambda user: user.projects.values_list("name", flat=True),
    "projects:groups": lambda user: UserGroup.objects.filter(people=user).values_list("name", flat=True),
    "connections:list": lambda user: Connection.objects.owned_by(user).values_list("name", flat=True),
    "tokens:list": lambda user: PersonalAccessToken.objects.filter(user=user).values_list("name", flat=True),
    "notices:list": lambda user: [_as_shown(notice.text) for notice in Notice.objects.of_user(user)],
}


@pytest.mark.usefixtures("upgraded")
@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_a_project_names_its_rows(name: str) -> None:
    shown = 0
    for project in Project.objects.filter(slug__in=[known.PROJECT, "solar-cells"]):
        page = Browsers().of(owner_of(project)).get(reverse(name, args=[project.slug]))
        rows = list(LISTS[name](project))
        assert [row for row in rows if row not in page_text(page)] == []
        shown += len(rows)
    assert shown


@pytest.mark.usefixtures("upgraded")
@pytest.mark.parametrize("name", OWN_LISTS)
def test_a_list_of_ones_own_names_its_rows(name: str) -> None:
    shown = 0
    for user in User.objects.filter(username__in=[known.MEMBER, Role.RESEARCHER]):
        page = Browsers().of(user).get(reverse(name))
        rows = list(OWN_LISTS[name](user))
        assert [row for row in rows if row not in page_text(page)] == []
        shown += len(rows)
    assert shown


@pytest.mark.usefixtures("upgraded")
def test_a_link_from_before_a_project_moved_leads_to_it(client: Client) -> None:
    response = client.get(f"/projects/{known.FORMER_ADDRESS}/runs/", follow=True)
    assert response.redirect_chain[-1][0] == f"/projects/{known.PROJECT}/runs/"
    assert known.PENDING_RUN in page_text(response)


@pytest.mark.usefixtures("upgraded")
def test_an_operator_finds_every_row_in_the_admin() -> None:
    User.objects.filter(username=known.OPERATOR).update(is_superuser=True)
    browser = Browsers().of(User.objects.get(username=known.OPERATOR))
    wrong: dict[str, Any] = {}
    for model in admin.site._registry:
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        paths = [reverse(f"{place}_change", args=[row.pk]) for row in model._default_manager.order_by("pk")[:3]]
        for path in [reverse(f"{place}_changelist"), *paths]:
            if (code := browser.get(path).status_code) != 200:
                wrong[path] = code
    assert wrong == {}


def _as_shown(text: str) -> str:
    return " ".join(text.split())
