"""Pages show times in the zone of who looks at them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from mantik.accounts.models import User
from projects.models import Project
from tests.conftest import ClientOf
from tests.support.factories import make_run


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Europe/Berlin", "25 Nov 2026 13:30 CET"), ("", "25 Nov 2026 12:30 UTC"), ("Nowhere", "25 Nov 2026 12:30 UTC")],
)
def test_a_member_sees_times_in_their_own_zone(
    client_of: ClientOf, project: Project, owner: User, zone: str, shown: str
) -> None:
    owner.time_zone = zone
    owner.save()
    run = make_run(project=project, created_at=datetime(2026, 11, 25, 12, 30, tzinfo=UTC))

    page = client_of(owner).get(reverse("runs:detail", args=[project.slug, run.uuid])).content.decode()

    assert shown in page
