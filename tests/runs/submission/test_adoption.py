"""A run of the newest commit whose job was started before the database was restored: what it has of that commit."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import timezone

from projects.code.mirrors import fetch_or_raise
from runs.models import Run
from runs.registered_models.document import read_document
from runs.states import RunState
from runs.submission import adoption
from tests.support.registered_models import make_model
from tests.support.world import BACKEND_CONFIG, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(world: World) -> Run:
    run = world.start_run()
    Run.objects.filter(pk=run.pk).update(commit_pending=True)
    return Run.objects.get(pk=run.pk)


@pytest.fixture
def sha(world: World) -> str:
    """Of the commit that the job has, which came after that of the run's row."""
    world.repository.write("unicore.yaml", BACKEND_CONFIG.replace("Nodes: 1", "Nodes: 3"))
    return world.repository.commit("More nodes")


@pytest.fixture(autouse=True)
def _mlflow_knows_it(monkeypatch: pytest.MonkeyPatch, sha: str) -> None:
    found = SimpleNamespace(run_data=lambda _: SimpleNamespace(tags={"mlflow.source.git.commit": sha}))
    monkeypatch.setattr(adoption, "control", lambda: found)
    monkeypatch.setattr(adoption, "ensure_tracking_run", lambda *_, **__: ("1", "2f" * 16))


def adopt(run: Run) -> Run:
    Run.objects.filter(pk=run.pk).update(**adoption.recover_columns(run, now=timezone.now()))
    return Run.objects.get(pk=run.pk)


def test_it_has_the_files_of_that_commit(run: Run, world: World, sha: str) -> None:
    fetch_or_raise(world.code, now=timezone.now())
    adopted = adopt(run)
    assert (adopted.commit_sha, adopted.commit_subject, adopted.commit_pending) == (sha, "More nodes", False)
    assert (adopted.nodes, "Nodes: 3" in adopted.backend_config_content) == (3, True)
    assert (adopted.parameters, adopted.files_unread) == (run.parameters, "")


def test_it_has_no_files_of_another_commit_and_its_models_certificate_says_so(run: Run, sha: str) -> None:
    """Nothing has fetched that commit since the restore."""
    assert run.mlproject_content
    adopted = adopt(run)
    assert (adopted.commit_sha, adopted.nodes, adopted.commit_subject) == (sha, None, "")
    assert (adopted.mlproject_content, adopted.backend_config_content) == ("", "")
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED)
    document = read_document(make_model(run=Run.objects.get(pk=run.pk)).certificate)
    assert document
    (code,) = (section for section in document.sections if section.id == "code")
    assert code.quotes == []
    assert ("note", adopted.files_unread) in code.pairs
    assert "does not have that commit" in adopted.files_unread
