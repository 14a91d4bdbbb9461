"""Encrypts all stored secrets again with the first key of the ring, while Mantik runs.

Each row is a compare-and-set on the ciphertext that was read: a secret that somebody replaces meanwhile is kept, and an
interrupted rotation can simply be started again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Q

from mantik.lib.paging import in_batches
from mantik.lib.sealed_fields import KeyedField, SealedField, keyed_fields, sealed_fields
from mantik.lib.sealing import SealBroken, key_id, seal, unseal

BATCH = 200


@dataclass
class Rotation:
    """The result for one column. `broken` has a sentence for each secret that cannot be decrypted, by primary key.

    `already` counts secrets that were sealed with the first key before; `rotated`, those that were sealed again;
    `older`, those that can be decrypted but are sealed with another key in the end. If nothing was to be changed, the
    `older` ones are what a rotation would seal again; otherwise a process without the new key has replaced them
    meanwhile.
    """

    of: SealedField
    already: int = 0
    rotated: int = 0
    older: int = 0
    broken: dict[Any, str] = field(default_factory=dict)


def rotate_all(*, only_count: bool = False) -> list[Rotation]:
    """One Rotation for each registered column. With `only_count` nothing is changed."""
    return [_rotate(sealed, only_count=only_count) for sealed in sealed_fields()]


def hashed_with_older_keys() -> dict[KeyedField, int]:
    """How many hashes of each registered column still need an older key. A hash is made again when it is next used."""
    first = key_id(settings.MANTIK_ENCRYPTION_KEYS[0])
    return {
        keyed: keyed.still_matters(keyed.model._base_manager.get_queryset()).exclude(**{keyed.column: first}).count()
        for keyed in keyed_fields()
    }


def _rotate(sealed: SealedField, *, only_count: bool) -> Rotation:
    done = Rotation(sealed, already=_secrets(sealed).filter(_is_first(sealed)).count())
    for row in in_batches(_secrets(sealed).exclude(_is_first(sealed)), size=BATCH):
        ciphertext = getattr(row, sealed.column)
        owner = sealed.owner_of(row)
        try:
            secret = unseal(ciphertext, owner=owner)
        except SealBroken as error:
            done.broken[row.pk] = f"{sealed.model._meta.label} {row.pk} ({row}): {error}"
            continue
        if only_count:
            done.older += 1
        else:
            unchanged = _secrets(sealed).filter(pk=row.pk, **{sealed.column: ciphertext})
            done.rotated += unchanged.update(**{sealed.column: seal(secret, owner=owner)})
    if not only_count:
        done.older = _secrets(sealed).exclude(_is_first(sealed)).exclude(pk__in=list(done.broken)).count()
    return done


def _secrets(sealed: SealedField) -> Any:
    return sealed.model._base_manager.exclude(**{sealed.column: ""}).exclude(**{f"{sealed.column}__isnull": True})


def _is_first(sealed: SealedField) -> Q:
    first = key_id(settings.MANTIK_ENCRYPTION_KEYS[0])
    return Q(**{f"{sealed.column}__startswith": f"{first}:"})
