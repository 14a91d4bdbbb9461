"""docs/settings.md and the settings are the same list."""

from __future__ import annotations

import json
import re

from connections.mlflow.server import SETTINGS as MLFLOWS
from tests.mantik.test_settings import production, run
from tests.support.places import TOP

SHOW = "import json, mantik.settings as settings; print(json.dumps(sorted(settings.env.read)))"
# Of Django's own settings the name is another.
SHOW_DEFAULTS = """
import json, sys, mantik.settings as settings
found = vars(settings)
print(json.dumps({name: found.get(f"MANTIK_{name}", found.get(f"SECURE_{name}")) for name in sys.argv[1:]}))
"""


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


def test_a_default_that_is_a_number_is_that_of_the_settings() -> None:
    text = (TOP / "docs" / "settings.md").read_text()
    told = dict(re.findall(r"^\| `MANTIK_([A-Z_]+)` \| (\d+) \|", text, re.MULTILINE))
    done = run("-c", SHOW_DEFAULTS, *told, **production())
    assert done.returncode == 0, done.stderr
    assert told == {name: str(int(value)) for name, value in json.loads(done.stdout).items()}
    assert len(told) > 15
