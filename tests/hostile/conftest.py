from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.hostile.scene import Scene, make_scene, settings_of_scene


@pytest.fixture(autouse=True)
def _changes_are_on_record() -> None:
    """Nothing that is sent here lasts, so each request goes without the look at what it has changed."""


@pytest.fixture(scope="module")
def scene(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """Made once for a module; each request to it is undone."""
    with django_db_blocker.unblock(), settings_of_scene(), transaction.atomic():
        yield make_scene(tmp_path_factory.mktemp("hostile"))
        transaction.set_rollback(True)
