"""What workers tell MLflow's model registry, and a real MLflow server hears."""

from __future__ import annotations

import pytest

from connections.mlflow.errors import NotThere, TrackingRefused
from connections.mlflow.registry import Registry
from connections.mlflow.values import ModelSource
from tests.support.mlflow_server import TOKEN, MlflowServer

ODD = ["it's", 'say "x"', "a' OR tags.x = 'b", "100%_", "ü"]


@pytest.fixture
def registry(mlflow_server: MlflowServer) -> Registry:
    return Registry(uri=mlflow_server.uri, token=TOKEN)


@pytest.fixture
def name(registry: Registry, request: pytest.FixtureRequest) -> str:
    return registry.create(request.node.originalname, tags={}).name


def test_an_alias_that_is_not_there_is_removed_without_an_error(registry: Registry, name: str) -> None:
    registry.delete_alias(name, "champion")
    registry.delete_alias("no such model", "champion")
    with pytest.raises(NotThere):
        registry.set_alias(name, "champion", "1")


def test_an_alias_that_mlflow_refuses_is_an_error(registry: Registry, name: str) -> None:
    with pytest.raises(TrackingRefused, match="MLflow refused to remove an alias"):
        registry.delete_alias(name, "not an alias!")


@pytest.mark.parametrize("value", ODD)
def test_a_tag_is_found_by_its_value_only(registry: Registry, value: str) -> None:
    made = registry.create(f"tagged {ODD.index(value)}", tags={"mantik.model": value})
    registry.create(f"bait {ODD.index(value)}", tags={"mantik.model": "b"})
    found = registry.find_by_tag("mantik.model", value)
    assert found
    assert found.name == made.name
    registry.delete(made.name)
    assert registry.find_by_tag("mantik.model", value) is None


@pytest.mark.parametrize("name", ODD)
def test_versions_are_those_of_the_name_only(registry: Registry, run_id: str, name: str) -> None:
    for number, model in enumerate((name, f"{name} bait")):
        registry.create(model, tags={})
        registry.create_version(model, ModelSource(run_id, path=f"model{number}"))
    assert [version.source for version in registry.versions(name)] == [f"runs:/{run_id}/model0"]


def test_a_search_that_cannot_be_written_is_refused(registry: Registry) -> None:
    both = "both ' and \""
    with pytest.raises(TrackingRefused, match="cannot search"):
        registry.find_by_tag("mantik.model", both)
    with pytest.raises(TrackingRefused, match="cannot search"):
        registry.versions(both)
