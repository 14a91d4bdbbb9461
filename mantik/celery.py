"""The Celery application: `celery -A mantik worker`, `celery -A mantik beat`."""

import gc
import os
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, worker_before_create_process, worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mantik.settings")

app = Celery("mantik")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def _leave_logging_to_django(**_: Any) -> None:
    """Do nothing: with a receiver on this signal Celery does not set up logging, which Django has done already."""


@worker_init.connect
def look_at_the_data(**_: Any) -> None:
    """Stop a worker before it works on data of another version.

    If the database does not answer, nothing is checked: tasks fail until it is there.
    """
    from django.db import DatabaseError, connection

    from mantik.lib import schema

    try:
        objection = schema.objection(connection)
    except DatabaseError:
        return
    finally:
        # The worker's processes are forked later, and must not share this connection.
        connection.close()
    if objection:
        structlog.get_logger(__name__).error("worker_cannot_use_database", reason=objection)
        raise SystemExit(schema.EXIT_CODE)


@worker_before_create_process.connect
def _share_memory(**_: Any) -> None:
    """Keep the garbage collector away from what the parent has loaded, so that it stays shared: 25 MB per process."""
    gc.collect()
    gc.freeze()
