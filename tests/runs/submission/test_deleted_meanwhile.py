"""RUN! is pressed when what the run would use has just been deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from projects.models import CodeRepository
from projects.services.code_repositories import delete_code_repository
from runs.models import Run
from runs.services import NotAllowed, create_run
from tests.support.world import World, make_world

# The database looks at references when a transaction ends.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Settings, tmp_path: Path, transactional_db: None) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    return make_world(tmp_path, base_url="https://hpc.example.org:8080/SITE/rest/core", login="ada", password="s3cret")


def test_code_that_was_deleted_since_the_form_was_read_starts_no_run(world: World) -> None:
    plan = world.plan()
    code = CodeRepository.objects.get(pk=world.code.pk)
    delete_code_repository(repository=code, actor=world.user)
    with pytest.raises(NotAllowed, match="has just been deleted"):
        create_run(
            project=world.project,
            user=world.user,
            name="late",
            experiment=world.experiment,
            connection=world.connection,
            compute_budget_account="demo",
            plan=plan,
            now=code.created_at,
        )
    assert not Run.objects.exists()
