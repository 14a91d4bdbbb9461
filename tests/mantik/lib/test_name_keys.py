"""The column that makes names unique however they are written: in step with the name, whoever writes it."""

from __future__ import annotations

from io import StringIO

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from connections.services.connections import rename_connection
from mantik.lib.name_keys import fill_keys, holder_of, key_field, keyed, keyed_models, refresh_keys
from mantik.lib.names import name_key
from projects.addressing import slugs
from projects.models import CodeRepository, Experiment, FormerAddress, Label, Project
from projects.services import code_repositories, experiments, groups, labels
from tests.mantik.lib.test_names_alike import BASELINE, SAME
from tests.support.factories import (
    make_code_repository,
    make_connection,
    make_experiment,
    make_group,
    make_project,
    make_schedule,
    make_user,
)

pytestmark = pytest.mark.django_db
# With a Cyrillic letter: databases took the two for different names.
TWIN = "R\u0430in"


def stored_key(row: models.Model) -> str | None:
    column = key_field(type(row)).attname
    return type(row)._base_manager.values_list(column, flat=True).get(pk=row.pk)  # type: ignore[no-any-return]


def put(row: models.Model, name: str) -> None:
    """As a release that does not know the keys has written it."""
    field = key_field(type(row))
    type(row)._base_manager.filter(pk=row.pk).update(**{field.of: name, field.attname: None})


def test_every_model_with_a_unique_name_has_a_key() -> None:
    """What is unique in lower case is so in letters that look alike."""
    lower = {
        model
        for model in _models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and "Lower(F(name))" in repr(constraint.expressions)
    }
    assert lower
    assert lower <= set(keyed_models())


def _models() -> list[type[models.Model]]:
    return list(apps.get_models())


@pytest.mark.parametrize("name", SAME.values(), ids=SAME)
def test_the_database_refuses_a_name_that_counts_as_the_same(project: Project, name: str) -> None:
    make_experiment(project=project, name=BASELINE)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_experiment(project=project, name=name.replace("\0", ""))
    make_experiment(name=BASELINE)


def test_whoever_renames_something_changes_its_key() -> None:
    user = make_user()
    project = make_project(name="One", slug="one")
    experiment, repository = (
        make_experiment(project=project, name="Old"),
        make_code_repository(project=project, name="Old"),
    )
    connection, group = make_connection(owner=user, name="Old"), make_group(admin=user, name="Old")
    experiments.edit_experiment(experiment=experiment, actor=user, name="New", description="", now=timezone.now())
    link = code_repositories.CodeLink("New", repository.url, CodeRepository.Platform.OTHER, repository.connection)
    code_repositories.edit_code_repository(repository=repository, actor=user, link=link, now=timezone.now())
    rename_connection(connection=connection, name="New")
    groups.rename_group(group=group, name="New", actor=user)
    slugs.move(project, "new", actor=user)
    for row in (experiment, repository, connection, group, project):
        assert stored_key(row) == "new", row
    assert stored_key(FormerAddress.objects.get(project=project)) == "one"


def test_saving_another_column_leaves_the_key() -> None:
    user = make_user("ada")
    user.username = "other"
    user.save(update_fields=["first_name"])
    assert stored_key(user) == "ada"


def test_an_address_that_differs_in_capitals_is_taken(project: Project) -> None:
    assert slugs.is_taken("PV-Yield")
    slugs.move(project, "sun", actor=make_user())
    assert slugs.is_taken("PV-Yield")
    assert not slugs.is_taken("PV-Yield", by_other_than=project)


def test_a_label_that_looks_the_same_is_the_same(project: Project) -> None:
    labels.set_labels(project=project, names=["rain"], actor=make_user())
    other = make_project()
    labels.set_labels(project=other, names=["ｒａｉｎ"], actor=make_user())  # noqa: RUF001
    assert list(other.labels.all()) == list(Label.objects.filter(name="rain"))


def test_the_admin_refuses_a_name_that_counts_as_the_same(project: Project) -> None:
    schedule = make_schedule(project=project, name=BASELINE)
    other = make_schedule(project=project, name="Other")
    schedule.clean()
    other.name = SAME["Cyrillic"]
    with pytest.raises(ValidationError, match="letters that look alike"):
        other.clean()


# Rows from before there were keys


@pytest.fixture
def alike(project: Project) -> list[Experiment]:
    rows = [make_experiment(project=project, name=f"{number}") for number in range(4)]
    for row, name in zip(rows, ("Rain", TWIN, "other", SAME["full width"]), strict=True):
        put(row, name)
    return rows


def test_rows_that_clash_are_kept_with_a_key_each(alike: list[Experiment]) -> None:
    (clash,) = fill_keys(Experiment, within=["project_id"])
    assert (clash.names, clash.keys) == (("Rain", TWIN), (alike[0].pk, alike[1].pk))
    assert [stored_key(row) for row in alike] == ["rain", f"rain\n{alike[1].pk}", "other", name_key(BASELINE)]
    assert len(list(fill_keys(Experiment, within=["project_id"]))) == 1


def test_a_row_that_clashes_can_be_saved_and_found(alike: list[Experiment]) -> None:
    list(refresh_keys())
    twin = Experiment.objects.get(pk=alike[1].pk)
    twin.description = "the later one"
    twin.save()
    assert stored_key(twin) == f"rain\n{twin.pk}"
    others = Experiment.objects.filter(project=twin.project)
    assert [holder_of(others, name) for name in (TWIN, "Rain", "RAIN")] == [twin, alike[0], alike[0]]
    alike[0].delete()
    assert holder_of(others, "rain") == twin
    Experiment.objects.filter(pk=twin.pk).update(**keyed(Experiment, {"name": "Snow"}))
    assert stored_key(twin) == "snow"


def test_a_row_without_a_key_is_found_by_its_name(alike: list[Experiment]) -> None:
    assert holder_of(Experiment.objects.all(), TWIN) == alike[1]


def test_the_command_lists_what_clashes(alike: list[Experiment]) -> None:
    said = StringIO()
    with pytest.raises(CommandError, match="1 name is there more than once"):
        call_command("check_names", stdout=said)
    assert said.getvalue() == f'Experiment: "Rain" ({alike[0].pk}), "{TWIN}" ({alike[1].pk})\n'
    put(alike[1], "Snow")
    said = StringIO()
    call_command("check_names", stdout=said)
    assert said.getvalue() == "No two names count as the same.\n"
    assert stored_key(alike[1]) == "snow"
