"""What the web server runs: `granian --interface asgi mantik.asgi:application`."""

import resource

from django.conf import settings

from mantik.server.bodies import Bodies
from mantik.server.front import Front
from mantik.server.pages import Pages
from mantik.server.streams import Streams
from mantik.wsgi import application as pages

# Pages are short and wait for the database at most; more threads would only wait for each other.
PAGE_THREADS = 8
STREAM_THREADS = 4

# A connection that waits for its client takes a file number, and the usual limit of 1,024 is for interactive programs.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))

application = Front(
    bodies=Bodies(most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE, seconds=15, room=64 * 1024 * 1024),
    pages=Pages(pages, threads=PAGE_THREADS, most_waiting=200, seconds=30),
    streams=Streams(threads=STREAM_THREADS, most=64),
)
