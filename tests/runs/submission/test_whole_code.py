"""What a job gets of code with submodules and Git LFS files, and what a member is told of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.git.lfs_store import ObjectStore, Pointer
from projects.code import mirrors
from projects.models import CodeRepository
from runs.backend_config import exclude
from runs.job import PackedCode, layout
from runs.models import Run
from runs.submission import assemble
from runs.submission.assemble import PreparedJob, pack_run, prepare
from runs.submission.run_files import NotPossible
from tests.connections.git.repository import Repository
from tests.runs.job.packing import contents
from tests.support.fetching import fetch
from tests.support.pages import page_text
from tests.support.world import BACKEND_CONFIG, World

WEIGHTS = bytes(range(256)) * 40
POINTER = Pointer(hashlib.sha256(WEIGHTS).hexdigest(), len(WEIGHTS))
POINTER_FILE = f"version https://git-lfs.github.com/spec/v1\noid sha256:{POINTER.oid}\nsize {POINTER.size}\n"


@pytest.fixture
def lib(tmp_path: Path, world: World) -> Repository:
    """A submodule of the world's code at vendor/lib."""
    made = Repository(tmp_path / "lib")
    made.write("lib.py", "x = 1\n")
    world.repository.add_submodule("vendor/lib", "../lib", made.commit())
    return made


@pytest.fixture
def weights(world: World, settings: Settings) -> Path:
    """A file of Git LFS; where Mantik keeps what is behind it."""
    world.repository.write(".gitattributes", "*.weights filter=lfs\n")
    world.repository.write("model.weights", POINTER_FILE)
    world.repository.commit("Weights")
    store = ObjectStore(settings.MANTIK_DATA_DIR / "git" / f"{world.code.uuid}.lfs")
    return store.path(POINTER)


def refetch(world: World) -> None:
    mirrors.fetch_or_raise(world.code, now=timezone.now())


def start(world: World) -> Run:
    refetch(world)
    return world.start_run()


def preview(member: Client, world: World) -> str:
    refetch(world)
    form = {
        "name": "preview",
        "code_repository": str(world.code.uuid),
        "branch": "main",
        "mlproject_path": "MLproject",
        "entry_point": "main",
        "param-marks": "/tmp",
        "connection": str(world.connection.uuid),
        "compute_budget_account": "demo",
        "backend_config_path": "unicore.yaml",
    }
    return page_text(member.post(f"/projects/{world.project.slug}/runs/submissions/add/preview/", form))


def events_of(run: Run) -> tuple[str, str] | None:
    with pack_run(run, now=timezone.now()) as code:
        return PreparedJob(lambda _token: {}, {}, code, has_relay=False).what_is_missing


def test_a_submodule_travels_with_the_code_the_same_each_time(world: World, lib: Repository) -> None:
    run = start(world)
    with pack_run(run, now=timezone.now()) as first, pack_run(run, now=timezone.now()) as second:
        assert contents(first)["vendor/lib/lib.py"] == b"x = 1\n"
        assert first.sha256 == second.sha256
        assert first.warnings == ()
    assert events_of(run) is None


def test_the_preview_says_that_a_submodule_is_still_to_be_fetched(
    world: World, member: Client, lib: Repository
) -> None:
    text = preview(member, world)
    assert "vendor/lib fetched from its own host" in text
    # It is no file itself, and what is in it is not known yet.
    assert "3 files" in text
    with pack_run(world.start_run(), now=timezone.now()):
        pass
    text = preview(member, world)
    assert "fetched from its own host" not in text
    assert "4 files" in text


def test_a_repository_may_be_a_submodule_of_itself_at_a_commit_that_a_branch_has(world: World, member: Client) -> None:
    head = world.repository.git("rev-parse", "HEAD")
    world.repository.git("branch", "pages")
    world.repository.add_submodule("site", str(world.repository.path), head)
    with pack_run(start(world), now=timezone.now()) as code:
        assert "site/MLproject" in contents(code)
    assert "5 files" in preview(member, world)


def test_a_run_goes_on_without_a_submodule_that_is_not_there_and_says_so(
    world: World, member: Client, lib: Repository
) -> None:
    lib.path.rename(lib.path.with_name("gone"))
    run = start(world)
    told = events_of(run)
    assert told
    kind, sentence = told
    assert kind == "code.incomplete"
    assert (
        "Some of the code is missing in the job. vendor/lib is a submodule that could not be fetched: There is"
        in sentence
    )
    assert "vendor/lib is a submodule that could not be fetched: There is no git repository at" in preview(
        member, world
    )


def test_an_excluded_submodule_is_nobodys_concern(world: World, lib: Repository) -> None:
    lib.path.rename(lib.path.with_name("gone"))
    config = (world.repository.path / "unicore.yaml").read_text()
    world.repository.write("unicore.yaml", f"{config}Exclude:\n  - vendor/\n")
    world.repository.commit("Leave it out")
    run = start(world)
    with pack_run(run, now=timezone.now()) as code:
        assert (code.warnings, code.excluded_count) == ((), 1)


def test_a_file_behind_a_pointer_travels_instead_of_it(world: World, member: Client, weights: Path) -> None:
    # It says so on each machine, whether or not that one has the file.
    assert "plus 10 kB of Git LFS files" in preview(member, world)
    weights.parent.mkdir(parents=True)
    weights.write_bytes(WEIGHTS)
    run = start(world)
    with pack_run(run, now=timezone.now()) as code:
        assert contents(code)["model.weights"] == WEIGHTS
        assert code.warnings == ()
    assert "plus 10 kB of Git LFS files" in preview(member, world)


def test_a_pointer_without_its_file_is_named_in_the_run(world: World, weights: Path) -> None:
    """A repository on this disk has no Git LFS server."""
    run = start(world)
    told = events_of(run)
    assert told
    assert told[1].endswith(
        "model.weights could not be fetched: Git LFS works over https and ssh only. The job gets the Git LFS pointer, "
        "not the file behind it."
    )


def test_far_too_many_lfs_files_are_refused_before_they_are_fetched(
    world: World, weights: Path, settings: Settings
) -> None:
    settings.MANTIK_CODE_MAX_BYTES = 2000
    with pytest.raises(NotPossible, match="The Git LFS files are 10 KiB"):
        pack_run(start(world), now=timezone.now())


def test_patterns_that_take_far_too_long_end_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.repository.write("unicore.yaml", f"{BACKEND_CONFIG}Exclude: ['a*b']\n")
    world.repository.commit("Exclude")
    fetch(world.code, now=timezone.now())
    monkeypatch.setattr(exclude, "_MOST_WORK_PACKING", 100)
    with pytest.raises(NotPossible, match="The patterns under Exclude take too long"):
        pack_run(start(world), now=timezone.now())


def test_a_run_whose_code_repository_is_gone_cannot_be_packed(world: World) -> None:
    run = start(world)
    run.code_repository = None
    with pytest.raises(NotPossible, match="was deleted"):
        pack_run(run, now=timezone.now())


@pytest.mark.parametrize(
    "step", ["installation_tag", "mirror_of", "job_environment", "job_description", "notification_url"]
)
def test_the_packed_code_is_closed_if_the_job_cannot_be_put_together(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    packed: list[PackedCode] = []

    def pack(*args: Any, **more: Any) -> PackedCode:
        packed.append(pack_run(*args, **more))
        return packed[-1]

    def fail(*_args: Any, **_more: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(assemble, "ensure_tracking_run", lambda *_args, **_more: ("1", "2"))
    monkeypatch.setattr(assemble, "pack_run", pack)
    monkeypatch.setattr(assemble, step, fail)
    with pytest.raises(ZeroDivisionError), prepare(start(world), now=timezone.now()) as job:
        job.describe("a token")
    assert [code.content.closed for code in packed] == [True]


@pytest.fixture
def without_lib(world: World, lib: Repository, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose job goes without a submodule."""
    monkeypatch.setattr(assemble, "ensure_tracking_run", lambda *_args, **_more: ("1", "2"))
    lib.path.rename(lib.path.with_name("gone"))
    return start(world)


def test_what_is_missing_stands_above_the_tabs_in_the_row_and_in_the_description(
    world: World, member: Client, without_lib: Run
) -> None:
    with prepare(without_lib, now=timezone.now()) as job:
        sentence = job.columns["code_missing"]
        sent = {item["To"]: item["Data"] for item in job.describe("a token")["Imports"]}
    assert "vendor/lib is a submodule that could not be fetched" in sentence
    assert sent[layout.CODE_MISSING] == f"{sentence}\n"
    Run.objects.update(code_missing=sentence)
    runs = f"/projects/{world.project.slug}/runs/"
    for tab in ("overview", "log", "metrics", "configuration"):
        assert " ".join(sentence.split()) in page_text(member.get(f"{runs}{without_lib.uuid}/?tab={tab}"))
    assert "Files missing" in page_text(member.get(runs))


def test_a_job_that_has_all_says_nothing(world: World, member: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "ensure_tracking_run", lambda *_args, **_more: ("1", "2"))
    run = start(world)
    with prepare(run, now=timezone.now()) as job:
        assert job.columns["code_missing"] == ""
        assert layout.CODE_MISSING not in {item["To"] for item in job.describe("a token")["Imports"]}
    assert "Files missing" not in page_text(member.get(f"/projects/{world.project.slug}/runs/"))


def test_a_code_repository_can_refuse_to_go_without(world: World, without_lib: Run) -> None:
    CodeRepository.objects.update(needs_all_files=True)
    without_lib.refresh_from_db()
    with pytest.raises(NotPossible, match="is set to start no job without all of its files") as refused:
        prepare(without_lib, now=timezone.now())
    assert "vendor/lib is a submodule that could not be fetched" in str(refused.value)
