"""The code that the runs in the data name by its commit.

Releases are out whose runs name this commit, so nothing here may change. Should other code be needed, add another
commit behind it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from django.conf import settings

from connections.git.mirror import Mirror
from connections.git.place import Place
from tests.connections.git.repository import Repository

_FILES = {
    "MLproject": """\
name: ice-cover
entry_points:
  main:
    parameters:
      year: {type: int, default: 2026}
    command: "echo cover of {year}"
""",
    "unicore.yaml": """\
Resources:
  Queue: batch
  Runtime: 10min
  Nodes: 1
  CPUsPerNode: 1
""",
}


def write_code(path: Path) -> Repository:
    """A repository at `path` with one commit, which is the same one each time."""
    repository = Repository(path)
    for name, content in _FILES.items():
        repository.write(name, content)
    repository.commit("Count the ice")
    return repository


def fetch_as(url: str, uuid: UUID, path: Path) -> None:
    """Mantik's copy of the repository at `path`, as if it had been fetched from `url`: data name no directory."""
    Mirror(key=str(uuid), url=str(path)).refresh()
    place = Place(root=settings.MANTIK_DATA_DIR / "git", key=str(uuid))
    note = place.note()
    assert note
    place.write_note(place.git_dir, replace(note, url=url))
