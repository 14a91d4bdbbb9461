"""What `manage.py up` and `manage.py demo` keep, other users of the machine do not see."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mantik.lib.private import NotOurs, close_to_others, make_private
from mantik.up.errors import UpError
from mantik.up.stack import Options, Stack
from tests.mantik.test_settings import run
from tests.support.private import open_to_others


def test_a_new_folder_is_closed(tmp_path: Path) -> None:
    make_private(tmp_path / "deep" / "var")
    assert open_to_others(tmp_path / "deep" / "var") == []


def test_an_open_folder_is_closed_with_all_that_it_holds(tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    (data_dir / "git" / "objects").mkdir(parents=True)
    (data_dir / "mantik.sqlite3").write_text("rows")
    (data_dir / "git" / "objects" / "pack").write_text("pack")
    (data_dir / "git" / "hook.sh").write_text("#!/bin/sh")
    (data_dir / "git" / "hook.sh").chmod(0o755)
    (tmp_path / "outside").write_text("x")
    (tmp_path / "outside").chmod(0o644)
    (data_dir / "link").symlink_to(tmp_path / "outside")
    assert len(open_to_others(data_dir)) == 6

    make_private(data_dir)
    close_to_others(data_dir)

    assert open_to_others(data_dir) == []
    assert os.access(data_dir / "git" / "hook.sh", os.X_OK)
    # Where a link leads is not ours to close.
    assert stat.S_IMODE((tmp_path / "outside").stat().st_mode) == 0o644


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "var").symlink_to(tmp_path / "real")
    with pytest.raises(NotOurs, match="not a folder"):
        make_private(tmp_path / "var")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder of somebody else's")
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    os.chown(tmp_path / "var", 65534, 65534)
    with pytest.raises(UpError, match=r"belongs to somebody else.*MANTIK_DATA_DIR"), Stack(Options(tmp_path / "var")):
        pass


def test_the_first_command_makes_it_closed(tmp_path: Path) -> None:
    """`manage.py migrate` before any `up`."""
    assert run("manage.py", "check", MANTIK_DEBUG="1", MANTIK_DATA_DIR=str(tmp_path / "var")).returncode == 0
    assert open_to_others(tmp_path / "var") == []
