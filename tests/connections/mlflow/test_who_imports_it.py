"""MLflow's client is loaded by workers, before they are forked, and by nobody else: each in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from connections.mlflow.for_workers import HEAVY
from connections.mlflow.own_client import ENVIRONMENT
from tests.mantik.test_settings import production, run

# As the web server does it: with all middleware, and every address with its view.
WEB = """
from mantik.wsgi import application
from django.urls import get_resolver
assert get_resolver().url_patterns
"""
BEAT = """
from celery.apps.beat import Beat
from mantik.celery import app
Beat(app=app).init_loader()
import schedules.firing.beat
assert "runs.tasks" in sys.modules
"""
COMMAND = """
import django
django.setup()
import mantik.management.commands.demo, mantik.management.commands.up
"""
# What Celery does before it forks the pool. The database that is not there is looked at, too, and waited for.
WORKER = """
from celery.signals import worker_init
from mantik.celery import app
app.loader.init_worker()
worker_init.send(sender=None)
"""
NOBODY = "postgresql://mantik@127.0.0.1:9/mantik"


@pytest.mark.parametrize(
    ("program", "loads_it"),
    [(WEB, False), (BEAT, False), (COMMAND, False), (WORKER, True)],
    ids=["web", "beat", "manage.py up", "worker"],
)
def test_only_workers_load_mlflows_client(tmp_path: Path, program: str, loads_it: bool) -> None:
    looked_for = {"mlflow", "connections.mlflow.control", "connections.mlflow.registry", *HEAVY}
    settings = production(MANTIK_DATA_DIR=str(tmp_path), MANTIK_DATABASE_URL=NOBODY)
    done = run("-c", f"import sys\n{program}\nprint(sorted({looked_for!r} & set(sys.modules)))", **settings)
    assert done.returncode == 0, done.stderr
    loaded = ["connections.mlflow.control", "connections.mlflow.registry", "mlflow"] if loads_it else []
    assert done.stdout.splitlines()[-1] == str(loaded)


def test_its_settings_have_the_names_that_mlflow_reads() -> None:
    """A new release may change them."""
    from mlflow import environment_variables

    read = {getattr(value, "name", "") for value in vars(environment_variables).values()}
    assert set(ENVIRONMENT) <= read


def test_no_secret_is_among_what_a_workers_children_get() -> None:
    assert not [name for name in ENVIRONMENT if name.endswith(("TOKEN", "PASSWORD", "USERNAME", "KEY"))]
