"""docs/settings.md and the settings are the same list."""

from __future__ import annotations

import json
import re

from connections.mlflow.server import SETTINGS as MLFLOWS
from tests.mantik.test_settings import production, run
from tests.support.places import TOP

SHOW = "import json, mantik.settings as settings; print(json.dumps(sorted(settings.env.read)))"


def documented() -> list[str]:
    rows = re.findall(r"^\| `MANTIK_([A-Z_]+)` \|", (TOP / "docs" / "settings.md").read_text(), re.MULTILINE)
    return list(rows)


def test_every_setting_is_described_once_and_nothing_else_is() -> None:
    done = run("-c", SHOW, **production())
    assert done.returncode == 0, done.stderr
    assert sorted(documented()) == sorted({*json.loads(done.stdout), *MLFLOWS})


def test_every_setting_the_document_speaks_of_is_one() -> None:
    text = (TOP / "docs" / "settings.md").read_text()
    spoken_of = {name.removesuffix("_FILE") for name in re.findall(r"MANTIK_([A-Z_]+)", text)}
    assert spoken_of - {"X"} == set(documented())
