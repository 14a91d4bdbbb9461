"""Packing what a mirror of a real git repository gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from connections.git.mirror import Mirror
from runs.backend_config import Exclude
from runs.job import PackedCode, pack_code
from tests.connections.git.repository import Repository
from tests.runs.job.packing import MTIME, contents, unpack

LARGE = bytes(range(256)) * 8192


@pytest.fixture
def repository(tmp_path: Path, settings: Settings) -> Repository:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    made = Repository(tmp_path / "repository")
    made.write("MLproject", "name: wine\n")
    made.write("run.sh", "#!/bin/sh\n", executable=True)
    made.write("data/ü.bin", LARGE)
    made.write("notes.csv", "1,2\n")
    made.link("data/link", "../run.sh")
    made.link("outside", "/etc/hosts")
    made.commit()
    return made


def pack_head(repository: Repository, root: Path) -> PackedCode:
    mirror = Mirror(key="code", url=str(repository.path), root=root)
    mirror.refresh()
    sha = mirror.branches()[0].commit.sha
    return pack_code(
        entries=mirror.entries(sha),
        blobs=mirror.blobs,
        exclude=Exclude(("*.csv",)),
        limit_bytes=1024**2,
        mtime=MTIME,
    )


def test_it_packs_a_commit_of_a_real_repository(repository: Repository, tmp_path: Path) -> None:
    with pack_head(repository, tmp_path / "mirrors") as code:
        assert contents(code) == {"MLproject": b"name: wine\n", "run.sh": b"#!/bin/sh\n", "data/ü.bin": LARGE}
        members = unpack(code)
        assert members["run.sh"].mode == 0o755
        assert members["data/link"].linkname == "../run.sh"
        assert code.warnings == ("outside is a link to /etc/hosts, outside the repository.",)


def test_two_workers_make_the_same_bytes_of_a_commit(repository: Repository, tmp_path: Path) -> None:
    with pack_head(repository, tmp_path / "one") as one, pack_head(repository, tmp_path / "two") as two:
        assert one.sha256 == two.sha256
        assert one.open().read() == two.open().read()
