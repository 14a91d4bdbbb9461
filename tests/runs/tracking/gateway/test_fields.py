"""What is accepted of a request is written anew with equal values; all else is refused with a sentence."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st

from runs.tracking.gateway.calls.runs import METRIC, PAIR, RUN_ID
from runs.tracking.gateway.fields import Fields, Unclear, fields_of, flag, many, number, parts, text, whole

FIELDS: Fields = {
    **RUN_ID,
    "metrics": many(parts(METRIC)),
    "params": many(PAIR),
    "max_results": whole,
    "value": number,
    "ascending": flag,
    "filter": text,
}
_KEYS = st.sampled_from([*FIELDS, "runId", "runUuid", "maxResults", "key", "step", "modelId", "other"]) | st.text()
_PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "true", "12", "9" * 19, "1e5", 10**400, 2**63, -(2**63)])
)
_VALUES = st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4))
_BODIES = st.dictionaries(_KEYS, _VALUES, max_size=8)


def read(body: bytes, content_type: str = "application/json") -> dict[str, Any]:
    return fields_of(RequestFactory().post("/tracking/x", body, content_type=content_type), FIELDS)


@given(_BODIES)
@example({"value": 10**400})
@example({"metrics": [{"value": math.inf}, {"value": math.nan}]})
def test_what_is_accepted_can_be_written_anew(body: dict[str, Any]) -> None:
    try:
        found = read(json.dumps(body).encode())
    except Unclear:
        return
    # As it is sent to MLflow: strictly JSON, in UTF-8.
    written = json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    assert read(written) == found
    for name, value in found.items():
        spelt = [body[one] for one in sorted({name, _camel(name)}) if body.get(one) is not None]
        assert len(spelt) == 1
        if isinstance(value, str) and name != "value":
            assert value == spelt[0]
        if name == "max_results":
            assert value == int(spelt[0])


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(Unclear):
        read(body)


REFUSED = {
    "both spellings": b'{"run_id": "a", "runId": "b"}',
    "a key twice": b'{"run_id": "a", "run_id": "a"}',
    "a key twice, further down": b'{"metrics": [{"key": "a", "key": "b"}]}',
    "no object": b"[]",
    "deep": b'{"metrics": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NUL": b'{"run_id": "a\\u0000"}',
    "half of a character": b'{"run_id": "\\ud800"}',
    "too large a number": b'{"value": 1e999}',
    "more digits than a number has": b'{"value": ' + b"9" * 400 + b"}",
    "more digits than Python reads": b'{"value": ' + b"9" * 5000 + b"}",
    "too large a whole number": b'{"max_results": 9223372036854775808}',
    "a fraction": b'{"max_results": 1.5}',
    "a flag as a number": b'{"max_results": true}',
    "a list as an id": b'{"run_id": ["a"]}',
    "an object as an id": b'{"run_id": {}}',
    "too many entries": b'{"metrics": [' + b"{}," * 10_000 + b"{}]}",
    "half a text": b'{"run_id": "a',
    "not UTF-8": b'{"run_id": "\xff"}',
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(Unclear):
        read(body)


def test_numbers_without_digits_come_as_words_and_as_literals() -> None:
    found = read(b'{"metrics": [{"value": NaN}, {"value": "NaN"}, {"value": -Infinity}, {"value": "Infinity"}]}')
    assert [metric["value"] for metric in found["metrics"]] == ["NaN", "NaN", "-Infinity", "Infinity"]


def test_ten_thousand_entries_are_taken() -> None:
    assert len(read(b'{"metrics": [' + b"{}," * 9_999 + b"{}]}")["metrics"]) == 10_000


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_is_read(content_type: str) -> None:
    with pytest.raises(Unclear, match="JSON"):
        read(b'{"run_id": "a"}', content_type)


def test_fields_come_from_one_place() -> None:
    make = RequestFactory()
    with pytest.raises(Unclear, match="without a body"):
        fields_of(make.generic("GET", "/x?run_id=a", b'{"run_id": "b"}', content_type="application/json"), FIELDS)
    with pytest.raises(Unclear, match="nothing in the address"):
        fields_of(make.post("/x?run_id=a", b'{"run_id": "b"}', content_type="application/json"), FIELDS)
    with pytest.raises(Unclear, match="2 times"):
        fields_of(make.get("/x?run_id=a&run_id=b"), FIELDS)
    with pytest.raises(Unclear, match="twice"):
        fields_of(make.get("/x?run_id=a&runId=a"), FIELDS)
