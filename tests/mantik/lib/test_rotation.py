"""`manage.py rotate_keys`: nothing is lost, whatever happens meanwhile."""

from __future__ import annotations

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import Connection
from connections.services.connections import replace_secret
from mantik.lib import rotation
from mantik.lib.sealed_fields import sealed_fields
from mantik.lib.sealing import key_id, seal
from tests.support.factories import make_connection

pytestmark = pytest.mark.django_db

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture(autouse=True)
def ring(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test seals is sealed with the old key. Batches are small, so that there are several."""
    settings.MANTIK_ENCRYPTION_KEYS = [OLD]
    monkeypatch.setattr(rotation, "BATCH", 2)


def rotate(*options: str) -> str:
    """What the command writes on standard output."""
    output = StringIO()
    call_command("rotate_keys", *options, stdout=output, stderr=StringIO())
    return output.getvalue()


def rotate_in_vain(*options: str) -> tuple[str, str]:
    """Last sentence and standard error of a command that fails."""
    errors = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("rotate_keys", *options, stdout=StringIO(), stderr=errors)
    return str(caught.value), errors.getvalue()


def keys_in_use() -> list[str]:
    return [sealed.partition(":")[0] for sealed in Connection.objects.values_list("sealed_secret", flat=True)]


def test_every_sealed_column_is_registered() -> None:
    sealed = {
        (model, field.attname)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.attname.startswith("sealed_")
    }
    assert sealed == {(field.model, field.column) for field in sealed_fields()}
    assert (Connection, "sealed_secret") in sealed


def test_the_registered_owner_is_the_one_that_opens_the_secret() -> None:
    make_connection(secret="hunter2")
    for field in sealed_fields():
        assert len({field.owner_of(row) for row in (field.model(), field.model())}) == 2
    assert rotation.rotate_all(only_count=True)[0].broken == {}


def test_afterwards_the_old_key_can_go(settings: Settings) -> None:
    made = [make_connection(secret=f"secret {number}") for number in range(5)]
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]

    said = rotate()

    assert "5 encrypted again" in said
    assert "Only the first key is needed." in said
    settings.MANTIK_ENCRYPTION_KEYS = [NEW]
    opened = [Connection.objects.get(pk=connection.pk).reveal_secret() for connection in made]
    assert opened == [f"secret {number}" for number in range(5)]


def test_a_second_rotation_finds_nothing_to_do(settings: Settings) -> None:
    make_connection()
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    before = Connection.objects.get().sealed_secret

    assert "1 with the first key already, 0 encrypted again" in rotate()
    assert Connection.objects.get().sealed_secret == before


def test_to_check_changes_nothing(settings: Settings) -> None:
    make_connection()
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]

    said = rotate("--check")

    assert "0 with the first key already, 1 with an older key" in said
    assert "The older keys are still needed." in said
    assert keys_in_use() == [key_id(OLD)]


def test_a_secret_whose_key_is_missing_is_named_and_the_others_are_rotated(settings: Settings) -> None:
    settings.MANTIK_ENCRYPTION_KEYS = [LOST]
    lost = make_connection(name="of long ago", secret="hunter2")
    settings.MANTIK_ENCRYPTION_KEYS = [OLD]
    for _ in range(3):
        make_connection()
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]
    before = lost.sealed_secret

    conclusion, errors = rotate_in_vain()

    assert conclusion.startswith("Secrets that cannot be decrypted: 1.")
    assert f"connections.Connection {lost.pk} (of long ago)" in errors
    assert sorted(keys_in_use()) == sorted([key_id(LOST), *[key_id(NEW)] * 3])
    assert Connection.objects.get(pk=lost.pk).sealed_secret == before
    assert rotate_in_vain("--check")[0] == conclusion


def test_a_ciphertext_of_another_row_is_not_made_this_rows_own(settings: Settings) -> None:
    mine, other = make_connection(secret="mine"), make_connection(secret="others'")
    Connection.objects.filter(pk=mine.pk).update(sealed_secret=other.sealed_secret)
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]

    _, errors = rotate_in_vain()

    assert f"Connection {mine.pk} " in errors
    assert "belongs to another row" in errors
    assert Connection.objects.get(pk=mine.pk).sealed_secret == other.sealed_secret


def replaced_meanwhile(monkeypatch: pytest.MonkeyPatch, settings: Settings, *, keys: list[str]) -> None:
    """Between reading a row and writing it, its owner replaces the secret, in a process that has `keys`."""

    def seal_late(plaintext: str, *, owner: str) -> str:
        sealed = seal(plaintext, owner=owner)
        ring, settings.MANTIK_ENCRYPTION_KEYS = settings.MANTIK_ENCRYPTION_KEYS, keys
        replace_secret(connection=Connection.objects.get(), secret="brand new", now=timezone.now())
        settings.MANTIK_ENCRYPTION_KEYS = ring
        return sealed

    monkeypatch.setattr(rotation, "seal", seal_late)


def test_a_secret_replaced_meanwhile_stays_as_its_owner_gave_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_connection(secret="worn out")
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]
    replaced_meanwhile(monkeypatch, settings, keys=[NEW, OLD])

    assert "0 encrypted again, 0 with an older key" in rotate()
    assert Connection.objects.get().reveal_secret() == "brand new"


def test_a_process_without_the_new_key_is_noticed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_connection(secret="worn out")
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]
    with monkeypatch.context() as patch:
        replaced_meanwhile(patch, settings, keys=[OLD])
        assert "with an older key: 1. Restart web and workers" in rotate_in_vain()[0]
    assert Connection.objects.get().reveal_secret() == "brand new"

    assert "1 encrypted again, 0 with an older key" in rotate()
    assert Connection.objects.get().reveal_secret() == "brand new"


def test_a_rotation_broken_off_has_lost_nothing_and_goes_on_the_next_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        make_connection(secret=f"secret {number}")
    settings.MANTIK_ENCRYPTION_KEYS = [NEW, OLD]
    calls: list[str] = []

    def interrupted(plaintext: str, *, owner: str) -> str:
        calls.append(owner)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return seal(plaintext, owner=owner)

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "seal", interrupted)
        with pytest.raises(KeyboardInterrupt):
            rotate()
    assert sorted(keys_in_use()) == sorted([*[key_id(NEW)] * 3, *[key_id(OLD)] * 2])
    opened = [connection.reveal_secret() for connection in Connection.objects.order_by("pk")]
    assert opened == [f"secret {number}" for number in range(5)]

    assert "3 with the first key already, 2 encrypted again" in rotate()
