"""A git host that refuses a login again and again makes it a bad one; a good answer ends that."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from connections.models import Connection
from mantik.notices.models import Notice
from projects.models import CodeRepository, Project
from projects.roles import Role
from tests.connections.git.host import Certificate, GitHost
from tests.support import fetching
from tests.support.factories import join, make_code_repository, make_connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def code(project: Project, host: GitHost, certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> CodeRepository:
    """On a host that lets in who has the token "right"."""
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate.certificate))
    host.login = ("oauth2", "right")
    owner = join(project, Role.RESEARCHER)
    connection = make_connection(owner=owner, kind=Connection.Kind.GIT_TOKEN, name="gitlab", login_name="", secret="no")
    return make_code_repository(
        project=project, url=host.url, platform=CodeRepository.Platform.GITLAB, connection=connection, created_by=owner
    )


def fetch(code: CodeRepository, *, at: datetime) -> Connection:
    fetching.fetch(CodeRepository.objects.get(pk=code.pk), now=at)
    return Connection.objects.get()


def test_one_refusal_proves_nothing_and_three_over_time_do(code: CodeRepository) -> None:
    now = timezone.now()

    assert fetch(code, at=now - timedelta(minutes=12)).refusals == 1
    assert fetch(code, at=now - timedelta(minutes=6)).marked_bad_at is None
    assert fetch(code, at=now).marked_bad_at == now

    [notice] = Notice.objects.all()
    assert "no longer accepts the login of your connection gitlab" in notice.text
    assert (
        "Code that needs it cannot be fetched until you replace its secret, or the git host accepts it again."
        in notice.text
    )
    assert "refuses access" in CodeRepository.objects.get().fetch_error


def test_a_good_answer_ends_it(code: CodeRepository, host: GitHost) -> None:
    now = timezone.now()
    for minutes in (20, 10, 0):
        fetch(code, at=now - timedelta(minutes=minutes))
    host.login = ("oauth2", "no")

    connection = fetch(code, at=now)

    assert (connection.refusals, connection.marked_bad_at) == (0, None)


def test_a_host_that_is_away_refuses_nothing(code: CodeRepository, host: GitHost, tmp_path: Path) -> None:
    host.status = 503

    assert fetch(code, at=timezone.now()).refusals == 0
