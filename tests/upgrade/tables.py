"""What has to be in the data of a release, as its models have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.apps.registry import Apps
from django.conf import settings
from django.contrib import admin
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from mantik.lib.sealed_fields import sealed_fields
from tests.support.places import TOP


def our_apps() -> dict[str, Path]:
    """Directory of each app that is of the product itself, by its label."""
    return {
        config.label: Path(config.path)
        for config in apps.get_app_configs()
        if TOP in Path(config.path).parents and "site-packages" not in Path(config.path).parts
    }


def apps_now() -> Apps:
    """The models of the present code."""
    return apps


def apps_as_migrated() -> Apps:
    """The models as those migrations have them that the database has had."""
    loader = MigrationExecutor(connection).loader
    had = [key for key in loader.applied_migrations if key in loader.graph.nodes]
    state = loader.project_state(had)
    return state.apps


def what_is_missing(models_of: Apps) -> list[str]:
    """A sentence for each table without a row, each choice that nobody has made, and each column without a secret."""
    return [*empty_tables(models_of), *_choices_not_made(models_of), *_nothing_sealed(models_of)]


def empty_tables(models_of: Apps) -> Iterator[str]:
    for model in _of_product(models_of):
        if not model._default_manager.exists():
            yield f"The table {model._meta.db_table} has no row."


def _choices_not_made(models_of: Apps) -> Iterator[str]:
    for model in _of_product(models_of):
        if model._meta.app_label not in our_apps():
            continue
        for field in model._meta.local_concrete_fields:
            if field.choices:
                made = set(model._default_manager.values_list(field.attname, flat=True).distinct())
                for value in [value for value, _ in field.flatchoices if value not in made]:
                    yield f"No row of {model._meta.db_table} has {value!r} for its {field.name}."


def _nothing_sealed(models_of: Apps) -> Iterator[str]:
    for field in sealed_fields():
        model = models_of.all_models[field.model._meta.app_label].get(str(field.model._meta.model_name))
        if model is None or field.column not in [column.name for column in model._meta.local_fields]:
            continue
        if not model._default_manager.exclude(**{field.column: ""}).exists():
            yield f"No row of {model._meta.db_table} has anything in {field.column}."


def _of_product(models_of: Apps) -> list[type[models.Model]]:
    """Those of our apps; of others those that belong to a user or that operators see in the admin."""
    return [
        model
        for model in models_of.get_models(include_auto_created=True)
        if model._meta.managed and (model._meta.app_label in our_apps() or _is_in_admin(model) or _is_of_user(model))
    ]


def _is_in_admin(model: type[models.Model]) -> bool:
    return model._meta.label in {registered._meta.label for registered in admin.site._registry}


def _is_of_user(model: type[models.Model]) -> bool:
    return any(
        field.related_model and field.related_model._meta.label == settings.AUTH_USER_MODEL
        for field in model._meta.local_fields
    )
