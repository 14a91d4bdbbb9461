from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.backend_config import Exclude
from runs.backend_config.exclude import pattern_fault
from tests.support.examples import examples

FILES = [
    "MLproject",
    "notes.txt",
    "a.csv",
    "data/a.csv",
    "data/raw/b.csv",
    "src/data/c.csv",
    "src/train.py",
    "src/figures",
    "sub/deep/x.txt",
    "sub/deeper/y.txt",
    "logs/run/1.log",
    "ünï/b c.csv",
]


def left_out(*patterns: str) -> list[str]:
    exclude = Exclude(patterns)
    return [path for path in FILES if exclude.matches(path)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        # A name matches anywhere, a file or a folder.
        ("*.csv", ["a.csv", "data/a.csv", "data/raw/b.csv", "src/data/c.csv", "ünï/b c.csv"]),
        ("notes.txt", ["notes.txt"]),
        ("data", ["data/a.csv", "data/raw/b.csv", "src/data/c.csv"]),
        ("figures", ["src/figures"]),
        # With a slash at the end, only a folder.
        ("data/", ["data/a.csv", "data/raw/b.csv", "src/data/c.csv"]),
        ("figures/", []),
        # With a slash elsewhere, from the root.
        ("/data", ["data/a.csv", "data/raw/b.csv"]),
        ("data/*.csv", ["data/a.csv"]),
        ("data/*", ["data/a.csv", "data/raw/b.csv"]),
        ("sub/deep/", ["sub/deep/x.txt"]),
        ("./sub/deep", ["sub/deep/x.txt"]),
        ("deep/x.txt", []),
        ("/notes.txt", ["notes.txt"]),
        ("/train.py", []),
        # Any number of folders.
        ("**/*.csv", ["a.csv", "data/a.csv", "data/raw/b.csv", "src/data/c.csv", "ünï/b c.csv"]),
        ("**/data/", ["data/a.csv", "data/raw/b.csv", "src/data/c.csv"]),
        ("data/**", ["data/a.csv", "data/raw/b.csv"]),
        ("data/**/b.csv", ["data/raw/b.csv"]),
        ("data/**/a.csv", ["data/a.csv"]),
        ("**/raw/**", ["data/raw/b.csv"]),
        # Signs within a name.
        ("?.csv", ["a.csv", "data/a.csv", "data/raw/b.csv", "src/data/c.csv"]),
        ("[ab].csv", ["a.csv", "data/a.csv", "data/raw/b.csv"]),
        ("[!a].csv", ["data/raw/b.csv", "src/data/c.csv"]),
        ("[^a].csv", ["data/raw/b.csv", "src/data/c.csv"]),
        ("[.csv", []),
        ("deep*/", ["sub/deep/x.txt", "sub/deeper/y.txt"]),
        ("b c.csv", ["ünï/b c.csv"]),
        ("A.CSV", []),
    ],
)
def test_a_pattern_leaves_out_what_the_rules_say(pattern: str, expected: list[str]) -> None:
    assert pattern_fault(pattern) is None
    assert left_out(pattern) == expected


def test_patterns_add_up() -> None:
    assert left_out("src/", "*.log", "*.txt") == [
        "notes.txt",
        "src/data/c.csv",
        "src/train.py",
        "src/figures",
        "sub/deep/x.txt",
        "sub/deeper/y.txt",
        "logs/run/1.log",
    ]


def test_nothing_is_left_out_without_patterns() -> None:
    assert left_out() == []


def test_a_folder_of_any_depth_is_no_trouble() -> None:
    path = "a/" * 3000 + "x.csv"
    assert Exclude(("*.csv",)).matches(path)
    assert not Exclude(("b/",)).matches(path)


@pytest.mark.parametrize("pattern", ["*", "**", "*/", "**/", "**/*", "/", ".", "./", "/**"])
def test_everything_cannot_be_left_out(pattern: str) -> None:
    assert pattern_fault(pattern) == "which would leave out everything. Name a file, a folder or a narrower pattern."


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("!a", "Patterns only leave files out"),
        ("../a", "leads out of the code repository"),
        ("a\nb", "contains a line break or a control character"),
        ("x" * 401, "is longer than 400 characters"),
    ],
)
def test_it_says_what_is_wrong_with_a_pattern(pattern: str, words: str) -> None:
    assert words in str(pattern_fault(pattern))


PATHS = st.lists(st.text(st.sampled_from("ab.*[é \n"), min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@examples(150, 6000)
@given(st.text(st.sampled_from("ab*?[]!^-./\\é{(+$ "), min_size=1, max_size=12), PATHS)
def test_any_pattern_can_be_asked_about_any_path(pattern: str, path: str) -> None:
    if pattern_fault(pattern) is None:
        exclude = Exclude((pattern,))
        # What is inside a folder that is left out is left out with it.
        assert not exclude.matches(path) or exclude.matches(f"{path}/inside")


@examples(60, 2400)
@given(PATHS.filter(lambda path: not set("*[\n") & set(path) and {".", ".."}.isdisjoint(path.split("/"))))
def test_a_path_without_signs_matches_itself(path: str) -> None:
    assert Exclude((f"/{path}",)).matches(path)


def test_stars_do_not_take_forever() -> None:
    assert not Exclude(("*a" * 100 + "b",)).matches("a" * 5000)
