"""The queues of a site and what may be asked of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantik.demo.sandbox.queues import Queues, ResourceRefused, ResourceUnreadable, read_queues
from mantik.demo.sandbox.ranges import RangeRefused, read_range
from tests.support.examples import examples

OFFERED = read_queues()


def test_a_job_that_asks_for_nothing_gets_the_defaults_of_the_default_queue() -> None:
    assert OFFERED.resolve({}, None) == {
        "Queue": "batch",
        "Runtime": "600",
        "Nodes": "1",
        "CPUsPerNode": "1",
        "GPUsPerNode": "0",
        "Project": "demo",
    }


def test_who_counts_processors_gets_no_default_for_the_rest_of_them() -> None:
    resolved = OFFERED.resolve({"TotalCPUs": 4}, None)
    assert resolved["TotalCPUs"] == "4"
    assert not {"Nodes", "CPUsPerNode"} & resolved.keys()


@pytest.mark.parametrize(
    ("asked", "name", "number"),
    [
        ({"Runtime": "1h"}, "Runtime", "3600"),
        ({"Runtime": "30min"}, "Runtime", "1800"),
        ({"Memory": "2G"}, "MemoryPerNode", "2147483648"),
        ({"MemoryPerNode": 1073741824}, "MemoryPerNode", "1073741824"),
    ],
)
def test_units_are_read(asked: dict[str, object], name: str, number: str) -> None:
    assert OFFERED.resolve(asked, None)[name] == number


@pytest.mark.parametrize("asked", [{"Nodes": 5}, {"Queue": "devel", "Nodes": 2}, {"Project": "nope"}, {"CPUs": 1}])
def test_what_the_queue_does_not_have_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ResourceRefused):
        OFFERED.resolve(asked, None)


@pytest.mark.parametrize("text", ["", "many", "1:30", "-1", "1.5", "3 apples"])
def test_what_is_no_number_is_unreadable(text: str) -> None:
    with pytest.raises(ResourceUnreadable, match="Nodes"):
        OFFERED.resolve({"Nodes": text}, None)


def test_the_first_queue_is_the_default_if_none_is_marked(tmp_path: Path) -> None:
    assert _queues(tmp_path, {"a": {"Resources": {}}, "b": {"Resources": {}}}).default == "a"


def test_a_range_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='The resource Nodes has the range "few"; write it like "1-4:1"'):
        _queues(tmp_path, {"a": {"Resources": {"Nodes": "few"}}})


def _queues(directory: Path, partitions: dict[str, object]) -> Queues:
    file = directory / "idb.json"
    file.write_text(json.dumps({"Partitions": partitions}))
    return read_queues(file)


# Byte ranges


@examples(100, 4000)
@given(
    size=st.integers(0, 40),
    first=st.one_of(st.none(), st.integers(0, 50)),
    last=st.one_of(st.none(), st.integers(0, 50)),
)
def test_a_range_is_either_a_part_of_the_file_or_refused(size: int, first: int | None, last: int | None) -> None:
    content = bytes(range(size))
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    try:
        start, length = read_range(header, size)
    except RangeRefused:
        is_nonsense = first is None and (last is None or last > size)
        is_backwards = first is not None and last is not None and last < first
        assert is_nonsense or is_backwards
        return
    if first is None:
        assert last is not None
        assert content[start : start + length] == content[size - last :]
    else:
        assert content[start : start + length] == content[first : None if last is None else last + 1]
    assert start + length <= size
