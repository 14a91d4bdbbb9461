"""Of two operators who save the same page of the admin, the second is told what the first has saved."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule

from connections.models import Site
from mantik.accounts.models import User
from mantik.lib.revised_admin import RevisedAdmin
from projects.models import Label, Project, UserGroup
from projects.roles import Role
from tests.support import factories as make
from tests.support.forms import as_browser_posts
from tests.support.pages import confirm_identity, page_text

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

SAVED = "After you opened this form, it was saved elsewhere."


@pytest.fixture
def browser(client: Client) -> Client:
    operator = User.objects.create_superuser("operator", "operator@example.org", make.PASSWORD)
    client.force_login(operator)
    confirm_identity(client, operator)
    return client


def url_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def a_row(model: type[Model]) -> Model:
    made: dict[type[Model], Any] = {
        User: make.make_user,
        Site: make.make_site,
        Project: lambda: make.make_project(slug="pv"),
        Label: lambda: make.make_label("solar"),
        UserGroup: lambda: make.make_group(admin=make.make_user()),
        Group: lambda: Group.objects.create(name="operators"),
    }
    return made[model]()  # type: ignore[no-any-return]


def opened(browser: Client, row: Model) -> dict[str, str]:
    page = browser.get(url_of(row))
    assert page.status_code == 200
    return fields_of(page)


def fields_of(page: Any) -> dict[str, str]:
    ticked = re.findall(r'<input type="checkbox" name="([^"]+)"[^>]* checked', page.content.decode())
    return as_browser_posts(page) | dict.fromkeys(ticked, "on")


def test_no_page_of_the_admin_goes_without() -> None:
    assert [model for model, page in admin.site._registry.items() if not isinstance(page, RevisedAdmin)] == []


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (User, "first_name"),
        (Site, "name"),
        (Site, "notes"),
        (Project, "summary"),
        (Label, "name"),
        (UserGroup, "name"),
        (Group, "name"),
    ],
)
def test_the_second_save_is_told_of_the_first(browser: Client, model: type[Model], field: str) -> None:
    row = a_row(model)
    if isinstance(row, Project):
        make.join(row, Role.OWNER)
    form = opened(browser, row)
    first = browser.post(url_of(row), form | {field: "one"})
    assert first.status_code == 302, page_text(first)
    second = browser.post(url_of(row), form | {field: "two"})
    assert SAVED in page_text(second)
    assert "it is now “one”" in page_text(second)
    assert stored(row, field) == "one"
    # Whoever has read that may replace it.
    assert browser.post(url_of(row), fields_of(second)).status_code == 302
    assert stored(row, field) == "two"


def test_what_nobody_has_changed_is_saved(browser: Client) -> None:
    site = make.make_site()
    for name in ("one", "two"):
        form = opened(browser, site) | {"name": name}
        assert browser.post(url_of(site), form).status_code == 302


def test_a_role_that_was_changed_meanwhile_is_not_given_back(browser: Client) -> None:
    project = make.make_project(slug="pv")
    make.join(project, Role.OWNER)
    bob = project.memberships.get(user=make.join(project, Role.MAINTAINER))
    form = opened(browser, project)
    project.memberships.filter(pk=bob.pk).update(role=Role.GUEST)
    answer = browser.post(url_of(project), form | {"summary": "new"})
    assert "The memberships below were changed meanwhile." in page_text(answer)
    bob.refresh_from_db()
    assert (bob.role, stored(project, "summary")) == (Role.GUEST, "")


def test_the_hash_of_a_password_is_quoted_nowhere(browser: Client) -> None:
    user = make.make_user()
    form = opened(browser, user)
    user.set_password("another one of mine")
    user.save()
    answer = browser.post(url_of(user), form | {"first_name": "one"})
    assert answer.status_code == 302
    user.refresh_from_db()
    assert user.check_password("another one of mine")


def test_a_row_without_a_form_of_its_own_is_shown(browser: Client) -> None:
    crontab = CrontabSchedule.objects.create(minute="7")
    assert "revision" in opened(browser, crontab)


def test_a_new_row_has_nothing_to_compare(browser: Client) -> None:
    page = browser.get(reverse("admin:connections_site_add"))
    assert "revision" not in as_browser_posts(page)
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    assert "revision" not in admin.site._registry[Site].get_form(request).base_fields


def stored(row: Model, field: str) -> Any:
    return getattr(type(row)._base_manager.get(pk=row.pk), field)
