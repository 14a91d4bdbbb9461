from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from pytest_django.fixtures import Settings

from mantik.lib.sealing import SealBroken, key_id, seal, unseal

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def ring(settings: Settings) -> None:
    settings.MANTIK_ENCRYPTION_KEYS = [OLD]


@pytest.mark.parametrize("secret", ["hunter2", "", "p ü \N{SNOWMAN}\n'\"", "x" * 4000])
def test_what_is_sealed_can_be_opened_by_its_owner(secret: str) -> None:
    sealed = seal(secret, owner="row:1")
    assert unseal(sealed, owner="row:1") == secret
    assert not secret or secret not in sealed


def test_the_same_secret_never_looks_the_same() -> None:
    assert seal("hunter2", owner="row:1") != seal("hunter2", owner="row:1")


def test_a_sealed_secret_does_not_open_in_another_row() -> None:
    sealed = seal("hunter2", owner="row:1")
    with pytest.raises(SealBroken, match="belongs to another row") as caught:
        unseal(sealed, owner="row:2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("damage", ["", "x", "x:y", ":", "1234abcd:gAAAA", "1234abcd:\N{SNOWMAN}"])
def test_what_was_damaged_does_not_open(damage: str) -> None:
    with pytest.raises(SealBroken, match="cannot be decrypted"):
        unseal(damage, owner="row:1")


def test_keys_can_be_rotated(settings: Settings) -> None:
    """A new key goes in front: it seals from then on, and what the old one sealed still opens."""
    before = seal("hunter2", owner="row:1")
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]
    after = seal("hunter2", owner="row:1")
    assert before.startswith(f"{key_id(OLD)}:")
    assert after.startswith(f"{key_id(NEW)}:")
    assert unseal(before, owner="row:1") == unseal(after, owner="row:1") == "hunter2"
    settings.MANTIK_ENCRYPTION_KEYS = [NEW]
    assert unseal(after, owner="row:1") == "hunter2"
    with pytest.raises(SealBroken):
        unseal(before, owner="row:1")


def test_a_keys_name_does_not_give_it_away() -> None:
    assert len(key_id(OLD)) == 8
    assert key_id(OLD) not in OLD
    assert key_id(OLD) != key_id(NEW)
