from __future__ import annotations

import pytest

from runs.mlproject import MLprojectError, mlproject_candidates


@pytest.mark.parametrize("path", ["", ".", "./", " "])
def test_nothing_means_the_root_of_the_repository(path: str) -> None:
    assert mlproject_candidates(path)[0] == "MLproject"


def test_a_path_may_name_the_file_or_its_folder() -> None:
    assert mlproject_candidates("training")[:2] == ["training", "training/MLproject"]
    assert mlproject_candidates("./training//MLproject")[0] == "training/MLproject"


def test_a_slash_at_the_end_means_a_folder() -> None:
    assert mlproject_candidates("training/")[0] == "training/MLproject"


def test_it_knows_the_spellings_in_use() -> None:
    assert {"MLproject", "mlproject", "MLProject"} <= set(mlproject_candidates(""))


@pytest.mark.parametrize("path", ["/MLproject", "../MLproject", "a/../../b", ".."])
def test_it_does_not_leave_the_repository(path: str) -> None:
    with pytest.raises(
        MLprojectError, match=r"leads out of the code repository. Write it relative to the repository's root"
    ):
        mlproject_candidates(path)


@pytest.mark.parametrize("path", ["a\nb", "a\0b", "a\x1bb"])
def test_it_refuses_what_is_no_path(path: str) -> None:
    with pytest.raises(MLprojectError, match="contains a line break or a control character"):
        mlproject_candidates(path)
