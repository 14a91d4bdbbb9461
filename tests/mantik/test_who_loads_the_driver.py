"""With SQLite no process loads psycopg, which takes some MiB of each: the whole demo has to do with little."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mantik.test_settings import run

WEB = "import mantik.asgi"
BEAT = """
import django
django.setup()
import schedules.firing.beat
"""
WORKER = """
from mantik.celery import app
app.loader.import_default_modules()
assert "runs.tasks" in sys.modules
"""


@pytest.mark.parametrize("program", [WEB, BEAT, WORKER], ids=["web", "beat", "worker"])
def test_it_is_not_loaded(tmp_path: Path, program: str) -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "mantik.settings", "MANTIK_DEBUG": "1", "MANTIK_DATA_DIR": str(tmp_path)}
    done = run(
        "-c", f"import sys\n{program}\nprint(sorted({{'psycopg', 'psycopg_pool'}} & set(sys.modules)))", **settings
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
