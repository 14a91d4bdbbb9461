from __future__ import annotations

import pytest

from runs.job import environment_file


def test_it_writes_one_assignment_for_each_variable() -> None:
    assert environment_file({"A": "1", "B": "it's"}) == "A='1'\nB='it'\\''s'\n"


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "A\n", "é"])
def test_it_refuses_a_name_that_no_shell_takes(name: str) -> None:
    with pytest.raises(ValueError, match="is not a name for an environment variable"):
        environment_file({name: "s3cret"})


def test_it_never_tells_the_value_it_refuses() -> None:
    with pytest.raises(ValueError, match="The value of A has a NUL character") as caught:
        environment_file({"A": "s3cret\0"})
    assert "s3cret" not in str(caught.value)
