"""What a browser says that it shows, and whether that is still right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from mantik.lib.live import LASTS, Shown, columns, fingerprint, nothing_new
from runs.models import RunEvent

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
VERSION = "0a"


@dataclass(frozen=True)
class Row:
    id: str
    name: str


def asking(stamp: str | None = None, rows: str = "") -> HttpRequest:
    headers = {} if stamp is None else {"Mantik-Live": stamp, "Mantik-Rows": rows}
    return RequestFactory().get("/", headers=headers)


def shown_with(stamp: str, *, after: timedelta = timedelta()) -> Shown:
    return Shown(asking(stamp), now=NOW + after)


def stamped(*, lasts: timedelta = LASTS) -> str:
    return Shown(asking(""), now=NOW).live(VERSION, lasts=lasts).stamp


def test_a_page_is_no_part_and_gets_no_stamp() -> None:
    shown = Shown(asking(), now=NOW)
    assert not shown.is_part
    assert shown.live(VERSION).stamp == ""


def test_the_first_time_a_part_is_drawn() -> None:
    shown = shown_with("")
    assert shown.is_part
    assert not shown.is_still(VERSION)
    assert not shown.is_still("")


def test_the_same_version_is_still_right_until_its_stamp_ends() -> None:
    stamp = stamped()
    assert shown_with(stamp).is_still(VERSION)
    assert shown_with(stamp, after=LASTS - timedelta(milliseconds=1)).is_still(VERSION)
    assert not shown_with(stamp, after=LASTS).is_still(VERSION)


def test_what_counts_down_is_drawn_sooner() -> None:
    assert not shown_with(stamped(lasts=timedelta(seconds=5)), after=timedelta(seconds=5)).is_still(VERSION)


def test_no_stamp_lasts_longer_than_all_do() -> None:
    assert stamped(lasts=timedelta(days=1)) == stamped()
    forged = f"{VERSION}.{int((NOW + timedelta(days=1)).timestamp() * 1000)}"
    assert not shown_with(forged).is_still(VERSION)


def test_another_version_is_new() -> None:
    assert not shown_with(stamped()).is_still("0b")


def test_what_the_user_may_not_see_is_never_still_right() -> None:
    assert not shown_with(f".{int((NOW + LASTS).timestamp() * 1000)}").is_still("")


@pytest.mark.parametrize("stamp", ["x", "a.b", "a.-1", "a.999999999999999", f"{VERSION}.1e9", "ü.1", "a.1.2"])
def test_a_stamp_that_is_none_is_like_the_first_time(stamp: str) -> None:
    assert not shown_with(stamp).is_still(VERSION)


def test_rows_that_the_browser_has_are_known_by_all_that_they_show() -> None:
    row, other = Row("run-1", "nightly"), Row("run-2", "nightly")
    live = Shown(asking("", f"run-1:{fingerprint(row)} run-2:0 nonsense"), now=NOW).live(VERSION)
    assert live.has(row)
    assert not live.has(other)
    assert not live.has(Row("run-1", "renamed"))
    assert not live.has(Row("run-3", "nightly"))


def test_every_column_counts_unless_it_is_left_out() -> None:
    assert columns(RunEvent, without={"at"}) == ["id", "run_id", "kind", "message", "actor_id"]


def test_what_is_not_a_page_is_not_kept_for_going_back() -> None:
    answer = nothing_new()
    assert answer.status_code == 204
    assert "no-store" in answer["Cache-Control"]
    assert answer["Vary"] == "Mantik-Live"
