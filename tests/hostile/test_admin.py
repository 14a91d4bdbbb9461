"""The operators' lists: what is typed into their search and their filters, and what links to them can hold."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import IGNORED_PARAMS, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from mantik.accounts.models import User
from tests.hostile import values
from tests.support.factories import make_user
from tests.support.proofs import sample

pytestmark = [
    pytest.mark.django_db,
    # What Django's own filter of dates makes of a day without a time.
    pytest.mark.filterwarnings("ignore:.*received a naive datetime:RuntimeWarning"),
]
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
SEARCHED = [*values.WORST, "\u202e\u200b\ufeffa", b"\xff\xfe", "'", "\\", "a" * 20_000]


@pytest.fixture
def operator_client() -> Client:
    client = Client()
    client.force_login(make_user("otter", is_staff=True, is_superuser=True))
    return client


def parameters(model: type[Model], operator: User) -> list[str]:
    """Of the query of the list: what Django reads, and what its filters declare."""
    own: ModelAdmin[Model] = admin.site._registry[model]
    request = RequestFactory().get("/admin/")
    request.user = operator
    found = own.get_changelist_instance(request).filter_specs if own.has_view_permission(request) else []
    filters = [name for spec in found for name in spec.expected_parameters() if name]
    return [PAGE_VAR, ORDER_VAR, *IGNORED_PARAMS, *filters, *_lookups(own)]


def _lookups(own: ModelAdmin[Model]) -> list[str]:
    """Those that links can hold although no filter of the list shows a choice."""
    return [entry for entry in own.get_list_filter(RequestFactory().get("/")) if isinstance(entry, str)]


# On the other database a third of the lists.
@pytest.mark.parametrize("model", sample(MODELS, one_in=1), ids=lambda model: model._meta.label)
def test_no_query_breaks_a_list_of_operators(operator_client: Client, model: type[Model]) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    names = parameters(model, User.objects.get(username="otter"))
    queries = [urlencode({SEARCH_VAR: value}) for value in SEARCHED]
    queries += [
        urlencode({name: value})
        for name in names
        for value in values.some(values.WORST, place=f"{model._meta.label} {name}", one_in=2)
    ]
    wrong = []
    for query in queries:
        try:
            status = operator_client.get(f"{url}?{query}").status_code
        except Exception as error:  # noqa: BLE001 - whatever it is, an operator would see a page that is broken
            wrong.append(f"{query[:60]}: {type(error).__name__}: {error}"[:300])
            continue
        if status >= 500:
            wrong.append(f"{query[:60]}: {status}")
    assert wrong == []
