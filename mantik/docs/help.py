"""Where in the docs each page of the product is explained.

A place is "page#section", as in "schedules#time-zones"; "" is the table of contents.
"""

from __future__ import annotations

from functools import cache

from django.urls import reverse

# By the name of a page's address, or the beginning of that name. The longest that matches counts.
PLACES = {
    "projects:": "projects",
    "projects:list": "projects#name-description-labels",
    "projects:overview": "start",
    "projects:add": "start#a-project",
    "projects:code": "code",
    "projects:code-add": "code#private-repositories",
    "projects:code-edit": "code#another-address",
    "projects:code-host-key": "code#with-a-deploy-key-over-ssh",
    "projects:experiment": "experiments",
    "projects:experiment-names": "experiments#the-filter",
    "projects:experiment-columns": "experiments#columns",
    "projects:experiment-metric": "experiments#the-pinned-metric",
    "projects:experiment-csv": "experiments#csv-and-json",
    "projects:experiment-json": "experiments#csv-and-json",
    "projects:experiments": "projects#experiments",
    "projects:experiment-add": "projects#experiments",
    "projects:experiment-edit": "projects#experiments",
    "projects:experiment-delete": "projects#experiments",
    "projects:roles": "permissions",
    "projects:member": "projects#members",
    "projects:member-group": "projects#groups",
    "projects:leave": "projects#members",
    "projects:invit": "projects#inviting-people",
    "projects:withdraw": "projects#inviting-people",
    "projects:group": "projects#groups",
    "projects:settings": "projects#name-description-labels",
    "projects:activity": "projects#activity",
    "projects:delete": "projects#deleting-a-project",
    "runs:": "runs",
    "runs:list": "runs#the-list-of-runs",
    "runs:table": "experiments#all-runs-of-a-project",
    "runs:table-names": "experiments#the-filter",
    "runs:table-columns": "experiments#columns",
    "runs:table-csv": "experiments#csv-and-json",
    "runs:table-json": "experiments#csv-and-json",
    "runs:submissions": "runs#submissions",
    "runs:new": "runs#starting-a-run",
    "runs:detail": "runs#the-page-of-a-run",
    "runs:edit": "runs#notes-tags-and-stars",
    "runs:cancel": "runs#cancelling-and-deleting",
    "runs:delete": "runs#cancelling-and-deleting",
    "runs:revoke-token": "runs#the-run-token",
    "runs:register": "models#registering",
    "registered_models:": "models",
    "registered_models:certificate": "models#the-certificate",
    "registered_models:unregister": "models#unregistering",
    "schedules:": "schedules",
    "schedules:add": "schedules#adding-a-schedule",
    "schedules:detail": "schedules#when-things-go-wrong",
    "schedules:calendar": "schedules#pausing-editing-copying",
    "schedules:edit": "schedules#pausing-editing-copying",
    "schedules:pause": "schedules#pausing-editing-copying",
    "schedules:resume": "schedules#pausing-editing-copying",
    "schedules:run-now": "schedules#pausing-editing-copying",
    "schedules:duplicate": "schedules#pausing-editing-copying",
    "schedules:delete": "schedules#pausing-editing-copying",
    "connections:": "connections",
    "connections:add": "connections#which-kind",
    "connections:test": "connections#test",
    "connections:secret": "connections#when-a-site-refuses-the-login",
    "connections:rename": "connections#rename",
    "connections:delete": "connections#delete",
    "connections:site": "connections#a-site-that-is-missing",
    "tokens:": "tokens",
    "notices:": "account#notices",
    "accounts:": "account",
    "accounts:session": "account#sessions",
    "account_": "account#signing-in",
    "account_signup": "account#getting-an-account",
    "account_confirm_email": "account#your-address",
    "account_email": "account#your-address",
    "account_reset": "account#your-password",
    "account_change_password": "account#your-password",
    "account_set_password": "account#your-password",
    "kept-form": "account#signed-out-while-you-type",
    "account-delete": "account#deleting-your-account",
    "mfa_": "account#second-factors",
    "socialaccount_": "account#signing-in-at-your-institute",
    "openid_connect_": "account#signing-in-at-your-institute",
    "admin:": "operators",
    "admin:accounts_": "operators#people",
    "admin:audit_": "operators#who-did-what",
    "admin:notices_": "operators#who-did-what",
    "admin:connections_": "operators#adding-a-site",
    "admin:projects_": "operators#projects-and-groups",
    "admin:projects_coderepository": "operators#code-repositories",
    "admin:runs_": "operators#when-runs-wait",
    "admin:runs_runtoken": "security#when-a-secret-may-be-known-to-others",
    "admin:runs_registeredmodel": "operators#registered-models",
    "admin:tokens_": "security#when-a-secret-may-be-known-to-others",
    "admin:schedules_": "operators#schedules-and-clocks",
    "admin:django_celery_beat_": "operators#schedules-and-clocks",
    "search:": "keyboard",
    "search:keys": "keyboard#keys",
    "docs:": "",
}


@cache
def place_of(page: str) -> str:
    """The docs place for the URL name `page`; "" for an unknown name."""
    return PLACES.get(max(filter(page.startswith, PLACES), key=len, default=""), "")


def url_of(place: str) -> str:
    """The address of a place."""
    slug, hash_sign, anchor = place.partition("#")
    return f"{reverse('docs:page', args=[slug])}{hash_sign}{anchor}" if slug else reverse("docs:index")
