from __future__ import annotations

import sys
from importlib import import_module

import pytest

from mantik.lib.hiding import hidden


def test_what_is_hidden_cannot_be_imported_until_it_is_not_hidden_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    with hidden("this"), pytest.raises(ImportError):
        import_module("this")
    assert import_module("this")


def test_what_is_loaded_stays() -> None:
    before = sys.modules["json"]
    with hidden("json"):
        assert import_module("json") is before
    assert sys.modules["json"] is before
