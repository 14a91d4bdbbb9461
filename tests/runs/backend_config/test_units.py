from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.backend_config import duration_words, memory_words
from runs.backend_config.units import count_words, memory_bytes, seconds
from tests.support.examples import examples


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("30min", 1800),
        ("30 minutes", 1800),
        ("12h", 43_200),
        ("1.5h", 5400),
        ("1d", 86_400),
        ("2 Days", 172_800),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1d 2h 3m 4s", 93_784),
        ("12:00:00", 43_200),
        ("1-12:00:00", 129_600),
        (" 1h ", 3600),
        ("0", 0),
    ],
)
def test_it_reads_durations_as_people_and_schedulers_write_them(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "h", "12:30", "1 2h", "1h30", "-1h", "1y", "1h!", "1,5h", "1:99:00", "9" * 13, "٣h", "1.h", "PT1H"]
)
def test_it_does_not_guess_at_durations(text: str) -> None:
    assert seconds(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1024", 1024),
        ("64G", 64 * 1024**3),
        ("64g", 64 * 1024**3),
        ("64GB", 64 * 1024**3),
        ("64 GiB", 64 * 1024**3),
        ("1.5T", 1024**4 * 3 // 2),
        ("500M", 500 * 1024**2),
        ("10k", 10_240),
        ("7b", 7),
    ],
)
def test_it_reads_sizes(text: str, expected: int) -> None:
    assert memory_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "G", "-1G", "1P", "1 G B", "1,5G", "9" * 21, "٣G"])
def test_it_does_not_guess_at_sizes(text: str) -> None:
    assert memory_bytes(text) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 s"), (59, "59 s"), (1800, "30 min"), (5400, "1 h 30 min"), (90_061, "1 d 1 h"), (86_400, "1 d")],
)
def test_durations_in_words(value: int, words: str) -> None:
    assert duration_words(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (1024**3 * 64, "64 GiB")]
)
def test_sizes_in_words(value: int, words: str) -> None:
    assert memory_words(value) == words


def test_counts_in_words() -> None:
    assert (count_words(0, "node"), count_words(1, "node"), count_words(2, "node")) == ("0 nodes", "1 node", "2 nodes")


@examples(60, 2400)
@given(st.integers(0, 10**8))
def test_a_plain_number_is_itself(number: int) -> None:
    assert (seconds(str(number)), memory_bytes(str(number))) == (number, number)


@examples(100, 4000)
@given(st.text(max_size=20) | st.text(st.sampled_from("0123456789.:- hmsdGMKib"), max_size=12))
def test_no_text_upsets_it(text: str) -> None:
    found = [value for value in (seconds(text), memory_bytes(text)) if value is not None]
    assert all(value >= 0 for value in found)
