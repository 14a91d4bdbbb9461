from __future__ import annotations

import pytest

from mantik.lib.names import free_name


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ([], "Nightly copy"),
        (["Nightly", "other copy"], "Nightly copy"),
        (["nightly COPY"], "Nightly copy 2"),
        (["Nightly copy", "Nightly copy 3"], "Nightly copy 2"),
        (["Nightly copy", *(f"Nightly copy {number}" for number in range(2, 1500))], "Nightly copy 1500"),
    ],
)
def test_the_first_name_that_is_free(taken: list[str], name: str) -> None:
    assert free_name("Nightly", "copy", taken=taken, most=100) == name


def test_a_long_name_leaves_room_for_what_is_added() -> None:
    assert free_name("x" * 120, "copy", taken=["x" * 100 + " copy"], most=100) == "x" * 100 + " copy 2"
    assert free_name("nightly run", "key", taken=[], most=8) == "nightly key"
