"""What one can do is found by words, as far as one's role allows it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from mantik.accounts.models import User
from mantik.search.actions import actions
from projects.models import Project

pytestmark = pytest.mark.django_db


def names(text: str, user: User | AnonymousUser, project: Project | None) -> list[str]:
    return [hit.name for kind in actions(text, user=user, project=project) for hit in kind.hits]


def test_actions_are_those_of_the_role(project: Project, researcher: User, guest: User) -> None:
    assert "New run" in names("", researcher, project)
    assert "Invite somebody" not in names("", researcher, project)
    assert "New run" not in names("", guest, project)
    assert "Members" not in names("", AnonymousUser(), project)


def test_each_word_counts_whatever_the_case(project: Project, researcher: User) -> None:
    found = names("RUN new", researcher, project)
    assert found == ["New run", "Search the docs for “RUN new”"]


def test_what_is_of_no_project_is_there_everywhere(researcher: User) -> None:
    found = names("", researcher, None)
    assert {"New project", "All projects", "Tokens", "Docs"} <= set(found)
    assert "New run" not in found
    assert "Sign in" in names("", AnonymousUser(), None)
