from __future__ import annotations

import gc

import pytest

from mantik.lib.garbage import garbage_collected_later


def test_it_is_collected_again_when_the_last_of_those_that_overlap_has_ended() -> None:
    first, second = garbage_collected_later(), garbage_collected_later()
    with first:
        second.__enter__()
        assert not gc.isenabled()
    assert not gc.isenabled()
    with garbage_collected_later():
        pass
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_it_is_collected_again_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), garbage_collected_later():
        raise ZeroDivisionError
    assert gc.isenabled()
