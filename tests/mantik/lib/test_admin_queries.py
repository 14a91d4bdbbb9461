from __future__ import annotations

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.admin_queries import SENTENCE, AdminQueryMiddleware
from tests.conftest import ClientOf
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db
EVENTS = "admin:audit_auditevent_changelist"


def test_a_filter_that_no_column_can_hold_is_left_out_with_a_sentence(client_of: ClientOf, operator: User) -> None:
    client: Client = client_of(operator)
    answer = client.get(f"{reverse(EVENTS)}?about=%00", follow=True)
    assert answer.status_code == 200
    # SQLite takes it for a text like any other.
    assert (SENTENCE in page_text(answer)) == (connection.vendor == "postgresql")


@pytest.mark.parametrize(
    ("path", "error"),
    [("/admin/?q=x", ValueError()), ("/projects/?q=x", OverflowError()), ("/admin/", OverflowError())],
)
def test_other_errors_stay_errors(path: str, error: Exception) -> None:
    middleware = AdminQueryMiddleware(lambda _request: HttpResponse())
    assert middleware.process_exception(RequestFactory().get(path), error) is None
