"""What is found by name: of what a person may see, a few of each kind, that of the open project first."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from mantik.accounts.models import User
from mantik.lib.query_time import TooSlow
from mantik.search import find as finding
from mantik.search.find import MOST, Hits, find
from projects.models import Project
from tests.support.factories import make_experiment, make_project, make_run, make_schedule
from tests.support.registered_models import make_model

TOO_LONG = "Not all runs were looked through, because it takes too long. Type more of a name."
pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def names(found: list[Hits]) -> dict[str, list[str]]:
    return {kind.label: [hit.name for hit in kind.hits] for kind in found}


@pytest.fixture
def elsewhere(db: None) -> Project:
    """A private project of other people."""
    return make_project(name="Rooftop secrets", slug="secrets")


def test_each_kind_is_found_whatever_the_case(project: Project, researcher: User) -> None:
    Project.objects.filter(pk=project.pk).update(name="Rooftop yield")
    make_run(project=project, name="nightly rooftop")
    make_schedule(project=project, name="ROOFTOP each night")
    make_model(project=project, name="rooftop-model")
    assert names(find("rOOftop", user=researcher, project=None)) == {
        "Projects": ["Rooftop yield"],
        "Runs": ["nightly rooftop"],
        "Models": ["rooftop-model"],
        "Schedules": ["ROOFTOP each night"],
    }


def test_nothing_of_a_project_that_one_may_not_see(project: Project, elsewhere: Project, researcher: User) -> None:
    make_run(project=elsewhere, name="rooftop run")
    make_schedule(project=elsewhere, name="rooftop schedule")
    make_model(project=elsewhere, name="rooftop-model")
    for user in (researcher, AnonymousUser()):
        assert find("rooftop", user=user, project=None) == []


def test_who_is_not_signed_in_finds_what_is_public(public_project: Project) -> None:
    make_run(project=public_project, name="rooftop")
    assert names(find("rooftop", user=AnonymousUser(), project=None)) == {"Runs": ["rooftop"]}


def test_what_the_open_project_holds_comes_first(project: Project, public_project: Project, researcher: User) -> None:
    for at, place in enumerate((project, public_project)):
        make_run(project=place, name=f"rooftop {at}")
        make_schedule(project=place, name=f"rooftop {at}")
    assert names(find("rooftop", user=researcher, project=project)) == {
        "Runs": ["rooftop 0", "rooftop 1"],
        "Schedules": ["rooftop 0", "rooftop 1"],
    }
    found = names(find("rooftop", user=researcher, project=public_project))
    assert found == {"Runs": ["rooftop 1", "rooftop 0"], "Schedules": ["rooftop 1", "rooftop 0"]}


def test_a_line_says_that_there_are_more(project: Project, researcher: User) -> None:
    experiment = make_experiment(project=project)
    for at in range(MOST + 1):
        make_run(project=project, experiment=experiment, name=f"rooftop {at}")
    for place in (project, None):
        (runs,) = find("rooftop", user=researcher, project=place)
        assert len(runs.hits) == MOST
        assert runs.remark == "There are more runs with this name. Type more of it."


def test_runs_that_take_too_long_keep_nothing_else_back(
    project: Project, researcher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(project=project, name="rooftop")
    make_schedule(project=project, name="rooftop")

    def too_slow(*_: object, **__: object) -> None:
        raise TooSlow

    monkeypatch.setattr(finding, "_runs_elsewhere", too_slow)
    runs, schedules = find("rooftop", user=researcher, project=project)
    assert [hit.name for hit in runs.hits] == ["rooftop"]
    assert runs.remark == TOO_LONG
    assert [hit.name for hit in schedules.hits] == ["rooftop"]
    (runs, schedules) = find("rooftop", user=researcher, project=None)
    assert runs.remark == TOO_LONG
