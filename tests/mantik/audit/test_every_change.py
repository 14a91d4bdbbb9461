"""The look that every test has at what is on record: it sees a change without an event, and nothing else."""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from mantik.audit.services import record
from projects.models import Project
from tests.support.audited import changes, check
from tests.support.factories import make_project

pytestmark = pytest.mark.django_db
OBEYED, REFUSED = HttpResponse(), HttpResponse(status=422)


def test_a_change_without_an_event_is_seen(project: Project) -> None:
    with changes() as seen:
        Project.objects.filter(pk=project.pk).update(summary="Quietly")

    with pytest.raises(AssertionError, match='A change without an audit event: UPDATE "projects_project"'):
        check(OBEYED, seen)


@pytest.mark.parametrize("act", ["create", "delete"])
def test_so_is_something_new_or_gone(project: Project, act: str) -> None:
    with changes() as seen:
        if act == "create":
            make_project(name="Another", slug="another")
        else:
            project.delete()

    with pytest.raises(AssertionError, match="A change without an audit event"):
        check(OBEYED, seen)


def test_with_its_event_a_change_is_fine(project: Project) -> None:
    with changes() as seen:
        Project.objects.filter(pk=project.pk).update(summary="In the open")
        record("project.edited", actor=None, target=project)

    check(OBEYED, seen)
    assert len(seen) == 2


def test_what_changes_nothing_needs_none(project: Project) -> None:
    with changes() as seen:
        Project.objects.filter(pk=-1).update(summary="Nobody's")
        list(Project.objects.all())

    check(OBEYED, seen)
    assert seen == []
