"""Databases as a release has left them, one for each test, on both systems.

`left_behind` is as the release's dump says; `upgraded` has had the migrations of the present code as well. A test of
either is connected to it, with the keys of the data. Without PostgreSQL its tests are skipped; in CI they fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import global_settings
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from mantik.accounts.oidc import provider_settings
from mantik.up.errors import UpError
from tests.support.other_database import connected_to
from tests.support.postgres import CARELESS, cluster
from tests.upgrade import known
from tests.upgrade.releases import DATABASES, Release, releases
from tests.upgrade.shelves import PostgresqlShelf, SqliteShelf, Stock

# Nobody listens there: MLflow is away.
NOWHERE = "http://127.0.0.1:9"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stock" in metafunc.fixturenames:
        chosen = releases()[-1:] if "only_newest" in metafunc.fixturenames else releases()
        pairs = [(release, database) for release in chosen for database in DATABASES]
        names = [f"{release.version}-{database}" for release, database in pairs]
        metafunc.parametrize("stock", pairs, ids=names, indirect=True)


@pytest.fixture(autouse=True)
def _changes_are_on_record() -> None:
    """Not looked at here: who signs in gets a hash of the present kind for that of the release, which is no event."""


@pytest.fixture(scope="session")
def sqlite_shelf(tmp_path_factory: pytest.TempPathFactory) -> SqliteShelf:
    return SqliteShelf(tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="session")
def postgresql_shelf() -> Iterator[PostgresqlShelf]:
    try:
        with cluster(careless=CARELESS) as server:
            yield PostgresqlShelf(server.url)
    except UpError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must not leave this out: {error}")
        pytest.skip(f"Left out: {error}")


@pytest.fixture(scope="session")
def stocks() -> dict[tuple[Release, str], Stock]:
    return {}


@pytest.fixture
def stock(request: pytest.FixtureRequest, stocks: dict[tuple[Release, str], Stock]) -> Stock:
    """Of the release and the system that stand in the name of the test."""
    release, database = request.param
    if request.param not in stocks:
        stocks[request.param] = Stock(release, request.getfixturevalue(f"{database}_shelf"))
    return stocks[request.param]


@pytest.fixture
def only_newest() -> None:
    """For tests of what releases before the newest may lack."""


@pytest.fixture
def left_behind(stock: Stock, django_db_blocker: DjangoDbBlocker, installation: None) -> Iterator[None]:
    with django_db_blocker.unblock(), connected_to(stock.left_behind()):
        yield


@pytest.fixture
def upgraded(stock: Stock, django_db_blocker: DjangoDbBlocker, installation: None) -> Iterator[None]:
    with django_db_blocker.unblock(), connected_to(stock.upgraded()):
        yield


@pytest.fixture
def installation(settings: Settings, tmp_path: Path) -> None:
    """Its settings, apart from the database."""
    settings.SECRET_KEY = known.SECRET_KEY
    settings.MANTIK_ENCRYPTION_KEYS = [known.ENCRYPTION_KEY]
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    settings.MANTIK_DATA_DIR = tmp_path
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MEMBERS_ADD_SITES = True
    settings.MANTIK_MLFLOW_URI = NOWHERE
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        issuer="https://id.example.org", name="Example ID", client_id="mantik", client_secret="x", scopes=["openid"]
    )
