"""What is wrong in a journal is passed over and counted, each under a sentence that a member can read."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.runs.tracking.journals.jobs import Job

pytestmark = pytest.mark.django_db
NOW = 1_764_000_000_000


def test_each_entry_that_is_not_applied_is_counted_with_its_kind_and_reason(job: Job) -> None:
    model = f"m-{uuid4().hex}"
    job.write(
        {"k": "start", "format": 1},
        {"k": "model", "model": model, "name": "net", "params": {}, "tags": {}, "time": NOW},
        {"k": "model_status", "model": model},
        {"k": "model_status", "model": model, "status": "UNHEARD_OF"},
        {"k": "metrics", "points": {"loss": [[1.0], [NOW, 1], [0]]}},
        {"k": "params", "run": uuid4().hex, "params": {"lr": "1"}},
        {"k": "untag", "key": "mantik.run"},
        {"k": "dance"},
        {"k": "unkept", "path": "a.bin", "size": 3, "sha256": "0" * 64, "why": "disk"},
        {"k": "unkept", "path": "b.bin", "size": 3, "sha256": "0" * 64, "why": "limit"},
        {"k": "lost", "why": "disk", "entries": {"model_tags": 2, "<script>": 1}},
        {"k": "tags", "tags": {"stage": "last"}},
        {"k": "end"},
    )

    assert job.apply(is_over=True).is_all

    assert job.journal.passed_over == {
        "Entries that are malformed (model status).": 1,
        "Entries that MLflow has refused (model status).": 1,
        "Entries that are malformed (metrics).": 1,
        "Entries about a run or a logged model that is not one of this job's.": 1,
        "Tags that begin with mantik., which are Mantik's own.": 1,
        "Entries of a kind that this version of Mantik does not know.": 1,
        "Files that the node could not keep (its disk was full or did not answer).": 1,
        "Files that the node could not keep (it had stored as much as a job may store).": 1,
        "Entries that the node could not keep (model tags).": 2,
        "Entries that the node could not keep (other).": 1,
    }
    assert job.tags()["stage"] == "last"
