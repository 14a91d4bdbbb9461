"""The demo's code repository: real, the same everywhere, and its reader's own once they commit to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mantik.demo.repository import ensure_repository, training_environment
from runs.backend_config import parse_backend_config
from runs.mlproject import parse_mlproject

VENV = Path("/opt/venv")
CONFIGS = ("configs/batch.yaml", "configs/devel.json")


def git(path: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=path, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit_as_a_person(path: Path, text: str) -> str:
    (path / "train.py").write_text(text)
    git(path, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--all", "--message", "Mine")
    return git(path, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "code"
    ensure_repository(path, python=VENV)
    return path


def test_it_has_one_commit_on_main_and_nothing_left_over(repository: Path) -> None:
    assert git(repository, "branch", "--show-current") == "main"
    assert git(repository, "rev-list", "--all", "--count") == "1"
    assert git(repository, "status", "--porcelain") == ""


def test_the_same_code_is_the_same_commit_wherever_it_is_made(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody else")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[user]\n  name = Else\n[commit]\n  gpgSign = true\n")
    ensure_repository(tmp_path / "other", python=VENV)
    assert git(tmp_path / "other", "rev-parse", "HEAD") == git(repository, "rev-parse", "HEAD")


def test_a_second_start_changes_nothing(repository: Path) -> None:
    before = git(repository, "rev-parse", "HEAD")
    ensure_repository(repository, python=VENV)
    assert git(repository, "rev-parse", "HEAD") == before


def test_it_follows_a_virtual_environment_that_has_moved(repository: Path) -> None:
    ensure_repository(repository, python=Path("/elsewhere/venv"))
    assert "Python: /elsewhere/venv" in git(repository, "show", "main:configs/batch.yaml")
    assert git(repository, "rev-list", "--all", "--count") == "2"


def test_what_a_person_has_committed_stays(repository: Path) -> None:
    theirs = commit_as_a_person(repository, "print('mine')\n")
    ensure_repository(repository, python=Path("/elsewhere/venv"))
    assert git(repository, "rev-parse", "HEAD") == theirs


def test_what_a_person_is_writing_stays(repository: Path) -> None:
    (repository / "train.py").write_text("print('not yet')\n")
    ensure_repository(repository, python=Path("/elsewhere/venv"))
    assert (repository / "train.py").read_text() == "print('not yet')\n"
    assert git(repository, "rev-list", "--all", "--count") == "1"


def test_a_first_start_that_was_stopped_half_way_is_finished_by_the_next(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "MLproject").write_text("half of it")
    ensure_repository(tmp_path, python=VENV)
    assert git(tmp_path, "status", "--porcelain") == ""
    assert "entry_points" in git(tmp_path, "show", "main:MLproject")


def test_the_product_reads_its_mlproject_without_a_doubt(repository: Path) -> None:
    project = parse_mlproject((repository / "MLproject").read_bytes(), path="MLproject")
    assert list(project.entry_points) == ["main", "evaluate"]
    assert project.warnings == ()


@pytest.mark.parametrize("path", CONFIGS)
def test_the_product_reads_its_backend_configs_without_a_doubt(repository: Path, path: str) -> None:
    config = parse_backend_config((repository / path).read_bytes(), path=path)
    assert config.environment.python == str(VENV)
    assert config.unicore_api_url is None
    assert config.warnings == ()


def test_jobs_run_in_the_environment_that_the_demo_runs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "activate").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert training_environment() == tmp_path
