"""The unique column for the key of a name (`mantik/lib/names.py`), what is found by it, and which rows clash.

A model has a `NameKeyField` and a constraint that makes it unique where the name is. Older rows whose names count as
the same are both kept: of two, the later one has a key that ends in its primary key, and `manage.py check_names` lists
them.
The column is empty only where a release that does not know it has written the row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.apps import apps
from django.db import models, router
from django.db.models import Q

from mantik.lib.names import name_key, problem_with

M = TypeVar("M", bound=models.Model)

# No key has one: a line break in a name counts as a space.
_TWIN = "\n"
# A key, the mark, and a primary key.
_COLUMN = 240
_AT_ONCE = 500


class NameKeyField(models.CharField):  # type: ignore[type-arg]  # it takes no type while it runs
    """Kept in step with the column `of` whenever a `NamedRow` is saved, also in part; `update` needs `keyed`.

    `within`: the columns of what the name is unique in. `only`: the rows that it is unique among, if not all.
    """

    def __init__(self, of: str = "name", *, within: Sequence[str] = (), only: Q | None = None, **options: Any) -> None:
        self.of, self.within, self.only = of, tuple(within), only
        # Empty is allowed, so that a release which does not know it can write during an upgrade.
        super().__init__(**{"max_length": _COLUMN, "null": True, "editable": False, **options})

    def deconstruct(self) -> Any:
        """A plain column, to migrations: what fills it there is `mantik.lib.migrating.FillNameKeys`."""
        name, _, positional, options = super().deconstruct()
        return name, "django.db.models.CharField", positional, options

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = name_key(getattr(model_instance, self.of))
        stored = getattr(model_instance, self.attname)
        if add or not is_twin(stored, of=key):
            setattr(model_instance, self.attname, key)
        return str(getattr(model_instance, self.attname))


def is_twin(stored: str | None, *, of: str) -> bool:
    """Whether the key that is stored is that of a later row whose name counts as the same as another's."""
    return bool(stored) and str(stored).partition(_TWIN)[0] == of and _TWIN in str(stored)


def twin_key(key: str, pk: Any) -> str:
    return f"{key}{_TWIN}{pk}"


def key_field(model: type[models.Model]) -> NameKeyField:
    return next(field for field in model._meta.local_concrete_fields if isinstance(field, NameKeyField))


def keyed(model: type[models.Model], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` of columns for `update`, with the key if the name is among them."""
    field = key_field(model)
    key = {field.attname: name_key(changes[field.of])} if field.of in changes else {}
    return {**changes, **key}


def same_name(model: type[models.Model], name: str, *, by: str = "") -> Q:
    """The rows whose name counts as the same. `by`: the way to `model` from that whose rows are looked for."""
    field, key = key_field(model), name_key(name)
    of, column = f"{by}{field.of}", f"{by}{field.attname}"
    # The name itself: a release that does not know the keys may have written it.
    return Q((column, key)) | Q((f"{column}__startswith", f"{key}{_TWIN}")) | Q((of, name))


def holder_of(rows: models.QuerySet[M], name: str) -> M | None:
    """The row with this name, else with one that counts as the same; None if there is none."""
    field = key_field(rows.model)
    found = sorted(rows.filter(same_name(rows.model, name)), key=lambda row: (getattr(row, field.of) != name, row.pk))
    return found[0] if found else None


def taken_by(name: str, holder: models.Model, *, where: str = "") -> str:
    """The sentence for a form. `where`: "in this project", if names are unique there."""
    other = getattr(holder, key_field(type(holder)).of)
    place = f" {where}" if where else ""
    if other == name:
        return f'"{name}" is taken{place}. Choose another name.'
    return (
        f'"{name}" is taken by "{other}"{place}: names that differ only in capitals, spaces or letters that look alike '
        "count as the same. Choose another name."
    )


def checked_name(name: str, others: models.QuerySet[Any], *, kept: str = "", where: str = "", taken: str = "") -> str:
    """`name`, for a form's `clean_name`. Raises ValidationError if something is wrong with it, or another row has it.

    `kept`: the name that the row has now, which it may keep whatever is wrong with it. `taken`: the sentence for a name
    that is exactly another row's.
    """
    if name == kept:
        return name
    if problem := problem_with(name):
        raise forms.ValidationError(problem)
    if holder := holder_of(others, name):
        is_same = getattr(holder, key_field(type(holder)).of) == name
        raise forms.ValidationError(taken if taken and is_same else taken_by(name, holder, where=where))
    return name


def visible_name(name: str, *, kept: str = "") -> str:
    """As `checked_name`, of what may be named alike, or whose other names are nobody's business."""
    if name != kept and (problem := problem_with(name)):
        raise forms.ValidationError(problem)
    return name


class NamedRow(models.Model):
    """A row with a `NameKeyField`. `clean` is for the forms of the admin: those of members say more."""

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """With its name, also its key is stored."""
        field = key_field(type(self))
        if update_fields is not None and field.of in update_fields:
            update_fields = {*update_fields, field.attname}
        super().save(*args, update_fields=update_fields, **options)

    def clean(self) -> None:
        super().clean()
        field = key_field(type(self))
        rows: Any = type(self)._base_manager.exclude(pk=self.pk)
        kept = type(self)._base_manager.filter(pk=self.pk).values_list(field.of, flat=True).first() or ""
        for column in field.within:
            value = getattr(self, column)
            rows = rows.filter(Q((f"{column}__isnull", True)) if value is None else Q((column, value)))
        try:
            checked_name(getattr(self, field.of), rows.filter(field.only or Q()), kept=kept)
        except forms.ValidationError as error:
            raise forms.ValidationError({field.of: error.messages}) from None


@dataclass(frozen=True)
class Clash:
    """Rows of one place whose names count as the same, the oldest first."""

    model: type[models.Model]
    names: tuple[str, ...]
    keys: tuple[Any, ...]


def keyed_models() -> list[type[models.Model]]:
    """Every model with a key of its names."""
    return [
        model
        for model in apps.get_models()
        if any(isinstance(field, NameKeyField) for field in model._meta.local_concrete_fields)
    ]


def fill_keys(
    model: type[models.Model],
    *,
    of: str = "name",
    column: str = "name_key",
    within: Sequence[str] = (),
    only: Q | None = None,
) -> Iterator[Clash]:
    """Store what the key of each row has to be, where it is another; yields those that clash. Call it in a transaction.

    It also serves migrations, whose models have plain columns. Nobody's name is changed, and no row is left out.
    """
    rows = model._base_manager.using(router.db_for_write(model))
    unique = set(rows.filter(only).values_list("pk", flat=True)) if only else None
    found: dict[tuple[Any, ...], list[tuple[Any, str]]] = defaultdict(list)
    wrong: list[models.Model] = []
    for row in rows.only(of, column, *within).order_by("pk").iterator(_AT_ONCE):
        key = name_key(getattr(row, of))
        is_alone = unique is not None and row.pk not in unique
        place = (*(getattr(row, name) for name in within), key)
        alike = [] if is_alone else found[place]
        alike.append((row.pk, getattr(row, of)))
        wanted = key if len(alike) == 1 else twin_key(key, row.pk)
        if getattr(row, column) != wanted:
            setattr(row, column, wanted)
            wrong.append(row)
    _store(rows, column, wrong)
    for alike in found.values():
        if len(alike) > 1:
            yield Clash(model, tuple(name for _, name in alike), tuple(pk for pk, _ in alike))


def _store(rows: Any, column: str, wrong: list[models.Model]) -> None:
    """Emptied first, because two rows may have to change keys with one another."""
    pks = [row.pk for row in wrong]
    for begin in range(0, len(pks), _AT_ONCE):
        rows.filter(pk__in=pks[begin : begin + _AT_ONCE]).exclude(**{column: None}).update(**{column: None})
    for row in wrong:
        rows.filter(pk=row.pk).update(**{column: getattr(row, column)})


def refresh_keys() -> Iterator[Clash]:
    """`fill_keys` of every model. Call it in a transaction."""
    for model in keyed_models():
        field = key_field(model)
        yield from fill_keys(model, of=field.of, column=field.attname, within=field.within, only=field.only)
