"""What the database itself does not let happen."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models.deletion import ProtectedError

from connections.models import Connection
from mantik.accounts.models import User
from projects.models import Experiment, Membership, Project
from projects.roles import Role
from projects.services import experiments, projects
from tests.support.factories import (
    join,
    make_code_repository,
    make_connection,
    make_experiment,
    make_project,
    make_user,
)

pytestmark = pytest.mark.django_db


def test_nobody_is_in_a_project_twice(project: Project, owner: User) -> None:
    with pytest.raises(IntegrityError):
        join(project, Role.GUEST, owner)


def test_there_are_only_the_roles_there_are(project: Project, outsider: User) -> None:
    with pytest.raises(IntegrityError):
        Membership.objects.create(project=project, user=outsider, role="king")


def test_two_projects_do_not_share_an_address(project: Project) -> None:
    with pytest.raises(IntegrityError):
        make_project(slug=project.slug)


def test_names_are_unique_in_a_project_whatever_their_case(project: Project) -> None:
    make_experiment(project=project, name="Baseline")
    make_code_repository(project=project, name="Baseline")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_experiment(project=project, name="BASELINE")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_code_repository(project=project, name="baseline")
    assert make_experiment(name="Baseline").project != project


def test_who_made_something_cannot_be_deleted_with_it_left_behind(project: Project, owner: User) -> None:
    experiment = make_experiment(project=project, created_by=owner)
    with pytest.raises(ProtectedError):
        owner.delete()
    assert Experiment.objects.filter(pk=experiment.pk).exists()


def test_a_code_repository_outlives_its_connection(project: Project, owner: User) -> None:
    connection = make_connection(owner=owner, kind=Connection.Kind.GIT_TOKEN)
    repository = make_code_repository(project=project, created_by=owner, connection=connection)
    connection.delete()
    repository.refresh_from_db()
    assert repository.connection is None


def test_a_new_project_has_an_owner_from_its_first_moment() -> None:
    alice = make_user("alice")
    project = projects.create_project(owner=alice, name="PV", slug="pv", summary="", is_public=False)
    assert Membership.objects.get(project=project, user=alice).role == Role.OWNER


def test_of_two_who_want_the_same_address_the_second_is_told() -> None:
    """The form has checked both before either was stored; the rest of the transaction goes on."""
    alice = make_user("alice")
    projects.create_project(owner=alice, name="PV", slug="pv", summary="", is_public=False)
    with pytest.raises(projects.SlugTaken):
        projects.create_project(owner=alice, name="PV", slug="pv", summary="", is_public=False)
    assert Project.objects.count() == 1


def test_of_two_who_want_the_same_name_the_second_is_told(project: Project, owner: User) -> None:
    experiments.add_experiment(project=project, user=owner, name="Baseline", description="")
    with pytest.raises(projects.NameTaken):
        experiments.add_experiment(project=project, user=owner, name="baseline", description="")
    assert project.experiments.count() == 1
