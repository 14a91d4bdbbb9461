"""How members write tags."""

from __future__ import annotations

import pytest

from runs.notes.tags import LONGEST_NAME, LONGEST_VALUE, MAX_TAGS, BadTags, as_text, parse


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", {}),
        ("team = wind", {"team": "wind"}),
        ("team=wind\r\n\r\n  keep  \r\n", {"team": "wind", "keep": ""}),
        ("rule = a = b", {"rule": "a = b"}),
        ("val loss = 0.1\nÜber = größe", {"val loss": "0.1", "Über": "größe"}),
    ],
)
def test_a_line_is_a_tag(text: str, tags: dict[str, str]) -> None:
    assert parse(text) == tags
    assert parse(as_text(tags)) == tags


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("team = wind\n= x", "Line 2: Before “=” the name of the tag is missing. Write it as name = value."),
        ("a\n\na = 2", "Line 3: The tag a is there twice. Leave one out."),
        ("mlflow.note = x", "Line 1: Tags that begin with mlflow. are not for members. Choose another name"),
        ("Mantik.run = x", "Line 1: Tags that begin with Mantik. are not for members. Choose another name"),
        ("x" * (LONGEST_NAME + 1), f"Line 1: The name {'x' * 30}… is longer than {LONGEST_NAME} characters."),
        (f"a = {'x' * (LONGEST_VALUE + 1)}", f"Line 1: The value of a is longer than {LONGEST_VALUE} characters."),
        ("\n".join(f"t{n}" for n in range(MAX_TAGS + 1)), f"These are {MAX_TAGS + 1} tags. A run has at most"),
    ],
)
def test_what_is_wrong_is_a_sentence_with_the_line(text: str, sentence: str) -> None:
    with pytest.raises(BadTags) as caught:
        parse(text)
    assert str(caught.value).startswith(sentence)
