"""What the web server runs: `granian --interface asgi mantik.asgi:application`."""

import gc
import resource
from contextlib import suppress

from django.conf import settings
from django.db import connections

from mantik.server import limits
from mantik.server.bodies import Bodies
from mantik.server.database import for_pages
from mantik.server.front import Front
from mantik.server.pages import Pages
from mantik.server.streams import Streams
from mantik.wsgi import application as pages

# Django is set up by the last of these.
# isort: split
from mantik.tracking import application as tracking
from runs.tracking.summaries.direct import gathered

# A connection that waits for its client takes a file number, and the usual limit of 1,024 is for interactive programs.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
with suppress(OSError, ValueError):  # macOS says "unlimited" and means less
    resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))

for_pages(connections.settings["default"], threads=limits.DATABASE_CONNECTIONS)
application = Front(
    bodies=Bodies(most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE, seconds=limits.BODY_SECONDS, room=limits.ROOM_FOR_BODIES),
    pages=Pages(pages, threads=limits.PAGE_THREADS, most_waiting=limits.MOST_WAITING, seconds=limits.WAITING_SECONDS),
    tracking=Pages(
        tracking, threads=limits.TRACKING_THREADS, most_waiting=limits.MOST_WAITING, seconds=limits.WAITING_SECONDS
    ),
    gathered=[gathered],
    streams=Streams(threads=limits.STREAM_THREADS, most=limits.MOST_DOWNLOADS, most_each=limits.MOST_DOWNLOADS_EACH),
)
# What is loaded by now stays: looking through all of it for garbage would hold up a page for 0.1 s now and then.
gc.collect()
gc.freeze()
