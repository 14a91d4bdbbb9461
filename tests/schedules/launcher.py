"""Starts beats quickly: everything is imported once, and each order on stdin forks a process that is `celery beat`.

Answers each line with the number of a new process. Ends with its stdin; so do the beats that are left.
"""

from __future__ import annotations

import os
import signal
import sys

import django

django.setup()

from celery.apps.beat import Beat  # noqa: E402
from django.urls import get_resolver  # noqa: E402
from django_celery_beat.schedulers import DatabaseScheduler  # noqa: E402

import schedules.beat  # noqa: E402
from mantik.celery import app  # noqa: E402


def main() -> None:
    app.loader.import_default_modules()
    app.finalize()
    # What the first burst would import.
    assert get_resolver().url_patterns
    assert issubclass(schedules.beat.ScheduleBeat, DatabaseScheduler)
    children = []
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.close(0)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            Beat(app=app, quiet=True, loglevel="WARNING").run()
            os._exit(0)
        children.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in children:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    # Those that are killed leave nothing to be waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    main()
