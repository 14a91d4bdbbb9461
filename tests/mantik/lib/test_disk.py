"""How much room there is, and which errors say that there is none: those that the real servers and files give."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest
import redis
from django.db import DatabaseError, connection, transaction
from kombu.exceptions import OperationalError as BrokerError
from pytest_django.fixtures import Settings

from mantik.lib import disk
from mantik.lib.disk import Disk, Refusal, Store, Watch, disks, folders, refusal_in
from mantik.lib.service_urls import own_broker_url
from tests.support.factories import make_site
from tests.support.full_database import full_database
from tests.support.redis import client_at, server_of_ones_own
from tests.support.small_disk import small_disk
from tests.support.waiting import wait_until

GB = 10**9


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """With room everywhere."""
    monkeypatch.setattr(disk, "folders", dict)
    return Watch(clock=clock)


@pytest.fixture
def usual(settings: Settings) -> None:
    settings.MANTIK_DISK_MIN_PERCENT, settings.MANTIK_DISK_MIN_BYTES = 10, 2 * GB


# Looking


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize(
    ("free", "total", "is_low", "is_full"),
    [
        (50 * GB, 400 * GB, False, False),
        (39 * GB, 400 * GB, True, False),
        # A tenth of a small one is not enough.
        (1_900_000_000, 10 * GB, True, False),
        (2_100_000_000, 10 * GB, False, False),
        (999_999, 10 * GB, True, True),
        (0, 10 * GB, True, True),
    ],
)
def test_a_disk_is_low_when_a_tenth_or_two_gigabytes_are_left(
    free: int, total: int, is_low: bool, is_full: bool
) -> None:
    found = Disk((Store.DATABASE,), free, total)
    assert (found.is_low, found.is_full) == (is_low, is_full)


def test_who_wants_no_warning_hears_of_a_full_disk_all_the_same(settings: Settings) -> None:
    settings.MANTIK_DISK_MIN_PERCENT = settings.MANTIK_DISK_MIN_BYTES = 0
    assert not Disk((Store.DATA,), 5_000_000, GB).is_low
    assert Disk((Store.DATA,), 5_000, GB).is_low


@pytest.mark.parametrize(
    ("stores", "free", "said"),
    [
        ((Store.DATA,), 3 * GB, "The disk of the data directory is nearly full: 3.0_GB of 40_GB are left."),
        (
            (Store.DATABASE, Store.BROKER, Store.DATA),
            500,
            "The disk of the database, the broker and the data directory is full: 500_B of 40_GB are left.",
        ),
    ],
)
def test_a_warning_says_which_disk_it_is_and_how_much_is_left(stores: tuple[Store, ...], free: int, said: str) -> None:
    assert str(Disk(stores, free, 40 * GB)) == said.replace("_", "\N{NO-BREAK SPACE}")


def test_what_lies_on_one_disk_is_told_once_and_what_is_not_there_not_at_all(tmp_path: Path) -> None:
    [found] = disks({Store.DATABASE: tmp_path, Store.BROKER: tmp_path / "nowhere", Store.DATA: tmp_path})
    assert found.stores == (Store.DATABASE, Store.DATA)
    assert 0 <= found.free <= found.total


def test_a_disk_of_its_own_is_looked_at_by_itself(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    with small_disk(tmp_path / "own", megabytes=2) as own:
        data, database = disks({Store.DATA: tmp_path, Store.DATABASE: own.path})
        assert (data.stores, database.stores) == ((Store.DATA,), (Store.DATABASE,))
        assert not database.is_full
        own.fill()
        assert disks({Store.DATABASE: own.path})[0].free == 0


@pytest.mark.django_db
def test_a_process_looks_at_what_it_can_see(settings: Settings, tmp_path: Path) -> None:
    settings.MANTIK_DATA_DIR = tmp_path
    settings.CELERY_BROKER_URL = "redis://broker:6379/0"
    assert Store.BROKER not in folders()
    assert folders()[Store.DATA] == tmp_path
    # Nobody can ask a server how much room it has.
    assert (Store.DATABASE in folders()) == (connection.vendor == "sqlite")
    settings.CELERY_BROKER_URL = own_broker_url(tmp_path)
    assert folders()[Store.BROKER] == tmp_path / "broker"
    # Without an MLflow or a broker of ours there is no such folder.
    own: dict[Store, Path] = {store: path for store, path in folders().items() if store != Store.DATABASE}
    assert [found.stores for found in disks(own)] == [(Store.DATA,)]
    (tmp_path / "mlflow").mkdir()
    assert [found.stores for found in disks(own)] == [(Store.MLFLOW, Store.DATA)]


def test_a_look_counts_for_a_moment(watch: Watch, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    there = [Disk((Store.DATABASE,), GB, 2 * GB)]
    monkeypatch.setattr(disk, "disks", lambda _folders: list(there))
    assert watch.shortages() == []
    there[:] = [Disk((Store.DATABASE,), 0, 2 * GB)]
    assert watch.shortages() == []
    assert not watch.is_without_room(Store.DATABASE)
    clock.now += disk.LOOK_SECONDS
    assert [str(said)[:32] for said in watch.shortages()] == ["The disk of the database is full"]
    assert watch.is_without_room(Store.DATABASE)
    assert not watch.is_without_room(Store.DATA)


def test_a_disk_that_hangs_holds_nobody_up(watch: Watch, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Disk((Store.DATA,), 0, 2 * GB)
    goes_on, looks = threading.Event(), []

    def hang(_folders: object) -> list[Disk]:
        looks.append(clock.now)
        goes_on.wait(60)
        return [seen]

    monkeypatch.setattr(disk, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(disk, "disks", hang)
    assert watch.disks() == []
    # Nobody else begins to wait for it.
    clock.now += 10 * disk.LOOK_SECONDS
    assert watch.disks() == []
    assert len(looks) == 1
    goes_on.set()
    wait_until(lambda: watch.disks() == [seen])


# Errors


class OfPostgres(Exception):
    sqlstate = "53100"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="This system has no /dev/full.")
def test_a_file_that_cannot_be_written_is_known() -> None:
    with pytest.raises(OSError) as caught, Path("/dev/full").open("wb", buffering=0) as file:  # noqa: PT011 - any
        file.write(b"x")
    assert refusal_in(caught.value) == Refusal(Store.DATA)
    assert refusal_in(OSError(errno.EDQUOT, "Disk quota exceeded")) == Refusal(Store.DATA)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_full_is_known() -> None:
    with full_database("connections_site"), pytest.raises(DatabaseError) as caught, transaction.atomic():
        make_site(notes="a" * 9000)
    assert refusal_in(caught.value) == Refusal(Store.DATABASE)


def test_a_broker_without_memory_is_known(tmp_path: Path) -> None:
    with server_of_ones_own(tmp_path) as url, client_at(url) as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(redis.ResponseError) as caught:
            client.lpush("default", "message")
    error = caught.value
    assert refusal_in(error) == Refusal(Store.BROKER, "memory")
    assert refusal_in(caused(BrokerError(str(error)), error)) == Refusal(Store.BROKER, "memory")


@pytest.mark.parametrize(
    "error",
    [
        DatabaseError("database is locked"),
        OSError(errno.ENOENT, "No such file or directory"),
        redis.ResponseError("READONLY You can't write against a read only replica."),
        BrokerError("Error 111 connecting to localhost"),
        ValueError("No space left on device"),
    ],
    ids=str,
)
def test_other_errors_are_no_want_of_room(error: Exception) -> None:
    assert refusal_in(error) is None


def test_a_fault_of_a_disk_is_want_of_room_only_if_that_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    error = DatabaseError("disk I/O error")
    monkeypatch.setattr(disk, "disks", lambda _folders: [Disk((Store.DATABASE,), GB, GB)])
    assert refusal_in(error) is None
    monkeypatch.setattr(disk, "disks", lambda _folders: [Disk((Store.DATABASE,), 0, GB)])
    assert refusal_in(error) == Refusal(Store.DATABASE)


def test_what_had_no_room_is_remembered_for_a_while(watch: Watch, clock: Clock) -> None:
    assert watch.notice(ValueError("another")) is None
    assert watch.notice(caused(DatabaseError("could not extend file"), OfPostgres())) is Store.DATABASE
    [said] = watch.shortages()
    assert said.is_urgent
    assert str(said).startswith("The database had no disk space left at ")
    assert str(said).endswith(", and stored nothing.")
    assert watch.is_without_room(Store.DATABASE)
    clock.now += disk.REMEMBER_SECONDS
    assert watch.shortages() == []
    assert not watch.is_without_room(Store.DATABASE)


def test_what_has_stored_something_since_is_forgotten(watch: Watch) -> None:
    watch.notice(redis.ResponseError("MISCONF Errors writing to the AOF file: No space left on device"))
    assert [str(said)[:37] for said in watch.shortages()] == ["The broker had no disk space left at "]
    watch.forget(Store.BROKER)
    assert watch.shortages() == []
