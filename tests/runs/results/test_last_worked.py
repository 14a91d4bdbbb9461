"""What changed since a run last worked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.roles import Role
from runs.models import Run
from runs.results import last_worked
from runs.results.last_worked import since_it_last_worked
from runs.states import RunState
from tests.support import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()
GITHUB: dict[str, Any] = {"code_url": "https://github.com/group/code.git", "code_platform": "github"}


@pytest.fixture
def failed() -> Run:
    return factories.make_run(RunState.FAILED, parameters={"lr": 0.1}, created_at=NOW, commit_sha="b" * 40, **GITHUB)


def finished(failed: Run, *, days: int = 1, state: RunState = RunState.FINISHED, **columns: Any) -> Run:
    names = ("project", "created_by", "experiment", "code_repository", "connection")
    same = failed.recipe | {name: getattr(failed, name) for name in names}
    return factories.make_run(state, **(same | {"created_at": NOW - timedelta(days=days)} | columns))


def test_the_last_finished_run_of_the_same_entry_point_is_compared(failed: Run) -> None:
    finished(failed, days=3)
    last = finished(failed, days=2, parameters={"lr": 0.2}, commit_sha="a" * 40)
    finished(failed, state=RunState.FAILED)
    finished(failed, entry_point="test")
    finished(failed, code_url="https://github.com/group/other.git")
    finished(failed, days=-1)

    found = since_it_last_worked(failed)

    assert found is not None
    assert found.run == last
    assert {row.name.label: [fact and fact.shown for fact in row.facts] for row in found.rows} == {
        "lr": ["0.2", "0.1"],
        "Commit": ["aaaaaaa", "bbbbbbb"],
    }
    assert found.alike == "configuration, environment, resources"
    assert found.commits_url == f"https://github.com/group/code/compare/{'a' * 40}...{'b' * 40}"


def test_a_scheduled_run_is_compared_with_its_schedule(failed: Run) -> None:
    of_schedule, newer = finished(failed, days=5), finished(failed, days=1)
    schedule = factories.make_schedule(project=failed.project)
    for run in (of_schedule, failed):
        factories.make_slot(schedule, run.created_at, run=run)
    found = since_it_last_worked(Run.objects.get(pk=failed.pk))
    assert found is not None
    assert found.run == of_schedule

    of_schedule.delete()

    found = since_it_last_worked(Run.objects.get(pk=failed.pk))
    assert found is not None
    assert found.run == newer


@pytest.mark.parametrize(
    ("platform", "url", "expected"),
    [
        ("gitlab", "https://gitlab.com/a/b.git", "https://gitlab.com/a/b/-/compare/{old}...{new}"),
        ("bitbucket", "https://bitbucket.org/a/b.git", "https://bitbucket.org/a/b/branches/compare/{new}..{old}"),
        ("other", "https://git.example.org/a/b.git", None),
    ],
)
def test_commits_between_are_at_the_host(failed: Run, platform: str, url: str, expected: str | None) -> None:
    Run.objects.filter(pk=failed.pk).update(code_platform=platform, code_url=url)
    failed.refresh_from_db()
    finished(failed, commit_sha="a" * 40)
    found = since_it_last_worked(failed)
    assert found is not None
    assert found.commits_url == (expected and expected.format(old="a" * 40, new="b" * 40))


def test_only_a_failed_run_that_once_worked_has_it(failed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert since_it_last_worked(failed) is None
    assert since_it_last_worked(finished(failed)) is None
    finished(failed, days=0, entry_point="test", created_at=NOW - timedelta(minutes=1))
    assert since_it_last_worked(failed) is not None
    monkeypatch.setattr(last_worked, "MOST_LOOKED_AT", 1)
    assert since_it_last_worked(failed) is None


def test_its_page_says_so(failed: Run) -> None:
    last = finished(failed, name="the good one", parameters={"lr": 0.2})
    client = Client()
    client.force_login(factories.join(failed.project, Role.GUEST))
    page = client.get(reverse("runs:detail", args=[failed.project.slug, failed.uuid])).content.decode()
    assert "Since it last worked" in page
    assert "the good one" in page
    assert f"/runs/compare/?run={last.uuid}&amp;run={failed.uuid}" in page
