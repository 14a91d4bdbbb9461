"""How a filter is read, and where a wrong one is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.table.language import (
    DEEPEST,
    MOST_COMPARISONS,
    Absent,
    Compared,
    Either,
    Every,
    Field,
    Not,
    Source,
    Tree,
    Which,
    leaves,
    read,
    read_field,
)
from runs.table.tokens import LONGEST, Expected, Misread


def shape(tree: Tree | None) -> str:
    """The tree as text, each bracket written."""
    match tree:
        case None:
            return ""
        case Every(parts):
            return f"({' and '.join(map(shape, parts))})"
        case Either(parts):
            return f"({' or '.join(map(shape, parts))})"
        case Not(part):
            return f"not {shape(part)}"
        case Absent():
            return f"{tree.field} is {'nan' if tree.is_nan else 'missing'}"
        case Compared():
            return f"{tree.field} {tree.operator} {tree.value.value}"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("", ""),
        ("  ", ""),
        ("metric.loss < 0.1", "metric.loss < 0.1"),
        ("metric.loss<0.1", "metric.loss < 0.1"),
        ("METRIC.Loss == 1", "metric.Loss = 1"),
        ("a = 1 or b = 2 and c = 3", "(any.a = 1 or (any.b = 2 and any.c = 3))"),
        ("(a = 1 or b = 2) and c = 3", "((any.a = 1 or any.b = 2) and any.c = 3)"),
        ("not a = 1 and b = 2", "(not any.a = 1 and any.b = 2)"),
        ("NOT (a = 1 OR not b is missing)", "not (any.a = 1 or not any.b is missing)"),
        ("param.x is not missing", "not param.x is missing"),
        ("metric.x is NaN", "metric.x is nan"),
        ("metric.val/loss.best >= -1e-3", "metric.val/loss.best >= -1e-3"),
        ('metric."val loss".min != 0', 'metric."val loss".min != 0'),
        ('metric."a.best" = 1', 'metric."a.best" = 1'),
        ("param.a.best = x", 'param."a.best" = x'),
        ('"two words" ~ "x y"', 'any."two words" ~ x y'),
        (r'tag."say \"hi\"" = "\\"', r'tag."say \"hi\"" = ' + "\\"),
        ("name !~ 'it is'", "name !~ it is"),
        ("State = failed", "state = failed"),
        ('"state" = failed', "any.state = failed"),
        ("metric.state = 1", "metric.state = 1"),
    ],
)
def test_what_a_filter_means(text: str, means: str) -> None:
    assert shape(read(text)) == means


@pytest.mark.parametrize(
    ("text", "at", "begins"),
    [
        ("and", 0, "Here the name"),
        ("metric.loss", 11, "Here a comparison"),
        ("metric.loss 5", 12, "Here a comparison"),
        ("metric.loss <", 13, "Here a value"),
        ("metric.loss < and b = 1", 14, "Here a value"),
        ("metric.loss < 5 b", 16, "Here and, or"),
        ("(a = 1", 6, "Here and, or or a closing bracket"),
        ("a = 1)", 5, "Here and, or"),
        ("a = 1 and", 9, "Here the name"),
        ("a is 5", 5, "Here missing"),
        ("a is not", 8, "Here missing"),
        ('a = "x', 4, "The quotation mark"),
        ("a ! 5", 2, "“!” alone"),
        ("a = 1, b = 2", 5, "A comma"),
        ("a = \x01", 4, "This character"),
        ("metric. = 1", 0, "Behind metric."),
        ("metric.best = 1", 0, ""),
        ('"" = 1', 0, "Behind"),
    ],
)
def test_where_a_filter_is_wrong_and_what_could_stand_there(text: str, at: int, begins: str) -> None:
    if not begins:
        assert shape(read(text)) == text
        return
    with pytest.raises(Misread) as caught:
        read(text)
    assert (caught.value.at, caught.value.sentence[: len(begins)]) == (at, begins)


def test_what_can_be_read_is_bounded() -> None:
    assert read("(" * DEEPEST + "a = 1" + ")" * DEEPEST)
    for text in ("(" * 900 + "a = 1" + ")" * 900, "not " * 400 + "a = 1"):
        with pytest.raises(Misread, match=f"more than {DEEPEST}"):
            read(text)
    most = " and ".join(["a = 1"] * MOST_COMPARISONS)
    assert len(list(leaves(read(most)))) == MOST_COMPARISONS
    with pytest.raises(Misread, match=f"at most {MOST_COMPARISONS} comparisons"):
        read(f"{most} and a = 1")
    with pytest.raises(Misread, match="at most 2,000 characters; this one has 2,001") as caught:
        read("a" * (LONGEST + 1))
    assert caught.value.at == LONGEST


@given(
    st.sampled_from([Source.METRIC, Source.PARAM, Source.TAG]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60),
    st.sampled_from(Which),
)
def test_a_field_is_read_as_it_was_written(source: Source, name: str, which: Which) -> None:
    field = Field(source, name, which if source is Source.METRIC else Which.LAST)
    assert read_field(str(field)) == field


@given(st.text(max_size=80) | st.text(alphabet="ab.()'\"=<>!~ \\\x00and or not is missing", max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    misread = _refusal(text)
    if misread:
        assert 0 <= misread.at <= len(text)
        assert misread.length >= 1
        assert misread.sentence.endswith(".")


def _refusal(text: str) -> Misread | None:
    try:
        read(text)
    except Misread as misread:
        return misread
    return None


@pytest.mark.parametrize(
    ("text", "expected"), [("", Expected.NAME), ("a", Expected.COMPARISON), ("a =", Expected.VALUE)]
)
def test_what_is_expected_at_the_end(text: str, expected: Expected) -> None:
    with pytest.raises(Misread) as caught:
        read(f"not {text}")
    assert caught.value.expected is expected


def test_a_field_alone() -> None:
    assert read_field("metric.loss.best") == Field(Source.METRIC, "loss", Which.BEST)
    for text in ("", "a b", "a = 1"):
        with pytest.raises(Misread):
            read_field(text)
