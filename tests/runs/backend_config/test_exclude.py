from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.backend_config import Exclude, ExcludeTooSlow
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


PATTERNS = st.lists(
    st.text(st.sampled_from("ab*?[]/."), min_size=1, max_size=8).filter(lambda text: not pattern_fault(text))
)


@examples(150, 6000)
@given(PATTERNS, st.lists(PATHS))
def test_many_patterns_and_paths_are_decided_as_each_alone(patterns: list[str], paths: list[str]) -> None:
    together = Exclude(tuple(patterns))
    for path in [*paths, *sorted(paths)]:
        assert together.matches(path) == any(Exclude((pattern,)).matches(path) for pattern in patterns)


LONG_NAMES = ["a" * 396 + f"{number:05}" for number in range(2000)]
DEEP_PATHS = ["a/" * 190 + str(number) for number in range(2000)]
OWN_FOLDERS = [f"{number:05}/" * 60 + "a" for number in range(2000)]
ALPHABETS = "".join(f"[{chr(1000 + number)}-{chr(50_000 - number)}]" for number in range(60))
HOSTILE = {
    "stars": ("*a" * 190, LONG_NAMES),
    "a star before a long name": (f"*{'a' * 300}?b", LONG_NAMES),
    "sets": ("*" + "[a-z]" * 60, LONG_NAMES),
    "sets of all letters": (f"*{ALPHABETS}", LONG_NAMES),
    "sets of all letters in folders": (f"a/**/*{ALPHABETS}/", DEEP_PATHS),
    "folders": ("**/a*/" * 60 + "b", DEEP_PATHS),
    "folders of each path": ("**/0*/" * 60 + "b", OWN_FOLDERS),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_patterns_that_are_made_to_be_slow_are_given_up(name: str) -> None:
    pattern, paths = HOSTILE[name]
    exclude = Exclude(tuple(f"{pattern}{number}" for number in range(160)))
    with pytest.raises(ExcludeTooSlow, match="Use fewer wildcards: name folders, or endings such as"):
        [exclude.matches(path) for path in paths * 10]


def test_as_many_patterns_as_people_write_are_no_trouble() -> None:
    endings = tuple(f"*.{number}" for number in range(100))
    patterns = (*endings, *(f"f*{number}*.csv" for number in range(20)), "data/", "logs/**", "**/cache/*.py")
    exclude = Exclude(patterns)
    paths = [f"folder-{number // 50}/sub/file{number}.txt" for number in range(20_000)]
    assert not any(exclude.matches(path) for path in paths)


def test_a_worker_may_work_for_longer_than_a_page() -> None:
    exclude = Exclude(("*.csv",), most_work=3_000)
    with pytest.raises(ExcludeTooSlow):
        assert all(not exclude.matches(f"{number}.txt") for number in range(10))
    assert all(not exclude.for_packing().matches(f"{number}.txt") for number in range(10))
