"""The web server beside a file of SQLite that another process keeps locked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from projects.models import Project
from tests.support.factories import make_user
from tests.support.web_server import CSRF, cookies_of, web_server

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'"),
    pytest.mark.timeout(300),
]

ADD = "/projects/add/"


def test_what_would_be_stored_comes_back_and_pages_are_read(tmp_path: Path) -> None:
    cookies = cookies_of(make_user("alice"))
    form = [("name", "PV"), ("slug", "pv"), ("summary", "one"), CSRF]
    name = connection.settings_dict["NAME"]
    connection.close()
    with web_server(tmp_path) as web, closing(sqlite3.connect(name, isolation_level=None)) as other:
        assert web.ask("GET", "/projects/", Cookie=cookies).status == 200
        other.execute("BEGIN IMMEDIATE")
        answer = web.ask("POST", ADD, form, Cookie=cookies)
        assert (answer.status, "The database is busy" in answer.text) == (503, True)
        assert sorted(answer.hidden) == sorted(form)
        assert web.ask("GET", "/projects/", Cookie=cookies).status == 200
        other.execute("ROLLBACK")
        assert web.ask("POST", ADD, answer.hidden, Cookie=cookies).status == 302
    assert Project.objects.get(slug="pv").summary == "one"
