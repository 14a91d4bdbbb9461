from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.job.shell import expands, heredoc, one_line, word
from tests.support.examples import examples

NASTY = st.text(st.sampled_from("ab '\"\\$`(){}!*~#&|;<>\n\té🙂_MANTIK_END"), max_size=30)


def bash(script: str, **environment: str) -> str:
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, check=True, env=environment)
    return done.stdout.decode()


@examples(30, 600)
@given(NASTY | st.just("MANTIK_END\nMANTIK_END_"))
def test_a_text_reaches_a_command_unchanged(text: str) -> None:
    assert bash(heredoc("/bin/cat", text)) == text + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A:/data", "x y:/data"),
        ("${A}s", "x ys"),
        ("it's $A", "it's x y"),
        ('"$A"', '"x y"'),
        ("\\$A", "\\x y"),
        ("`$A`", "`x y`"),
        ("$(id) $A", "$(id) x y"),
        ("$1 $? $A", "$1 $? x y"),
        ("$NOT_SET", ""),
        ("plain", "plain"),
        ("*", "*"),
    ],
)
def test_a_word_has_its_variables_replaced_and_nothing_else(text: str, expected: str) -> None:
    assert bash(f"printf '<%s>' {word(text)}", A="x y") == f"<{expected}>"


@pytest.mark.parametrize(("text", "does"), [("$A", True), ("`id`", True), ("a", False), ("~/*", False)])
def test_it_knows_which_text_the_node_has_to_expand(text: str, does: bool) -> None:
    assert expands(text) is does


def test_one_line_has_nothing_that_ends_a_line() -> None:
    assert one_line("a\r\nb\u2028c\x1b[31m\td") == "a b c[31m d"
