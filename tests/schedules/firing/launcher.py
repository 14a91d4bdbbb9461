"""Starts beats quickly: everything is imported once, and each order on stdin forks a process that is `celery beat`.

Orders are lines: empty, or the path of a file with the seconds by which the clock of that beat is wrong. Answers each
with the number of a new process. Ends with its stdin; so do the beats that are left. Those that end before stay
zombies until then, so that nobody else can get their number and be killed for it.
"""

from __future__ import annotations

import os
import signal
import sys

import django

django.setup()

from celery.apps.beat import Beat  # noqa: E402
from django.db.migrations.loader import MigrationLoader  # noqa: E402
from django.urls import get_resolver  # noqa: E402
from django_celery_beat.schedulers import DatabaseScheduler  # noqa: E402

from mantik.celery import app  # noqa: E402
from schedules.firing.beat import ScheduleBeat  # noqa: E402
from tests.schedules.firing import wrong_clock  # noqa: E402


def main() -> None:
    app.loader.import_default_modules()
    app.finalize()
    # What each would import to look at its database, and for its first burst.
    assert MigrationLoader(None).disk_migrations
    assert get_resolver().url_patterns
    assert issubclass(ScheduleBeat, DatabaseScheduler)
    children = []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.close(0)
            run_beat(line.strip())
            os._exit(0)
        children.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def run_beat(clock: str) -> None:
    os.environ[wrong_clock.FILE] = clock
    scheduler = f"{wrong_clock.__name__}:{wrong_clock.WrongBeat.__name__}" if clock else None
    Beat(app=app, quiet=True, loglevel="WARNING", scheduler=scheduler).run()


if __name__ == "__main__":
    main()
