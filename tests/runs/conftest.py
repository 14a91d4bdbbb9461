from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.support.world import World, make_world

# Nobody listens there; tests of pages and forms never ask.
NOWHERE = "https://hpc.example.org:8080/SITE/rest/core"


@pytest.fixture
def world(db: None, settings: Settings, tmp_path: Path) -> World:
    """A project with code, and a connection to a site that nobody can reach."""
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    return make_world(tmp_path, base_url=NOWHERE, login="ada", password="s3cret")


@pytest.fixture
def member(world: World) -> Client:
    """A browser in which the world's user is signed in."""
    client = Client()
    client.force_login(world.user)
    return client
