"""How much of everything the web server allows. docs/operators.md tells people."""

from __future__ import annotations

# Pages are short and wait for the database at most; more threads would only wait for each other.
PAGE_THREADS = 8
# Calls of MLflow's clients need one only to decide, for some milliseconds.
TRACKING_THREADS = 4
# Of one process: for each page and call, and a few that downloads share, which need them for a moment only.
DATABASE_CONNECTIONS = PAGE_THREADS + TRACKING_THREADS + 4
# Requests that wait for one of them, and for how long.
MOST_WAITING, WAITING_SECONDS = 200, 30.0

# A connection is closed if it is idle for this long, or if the head of a request is not complete after it.
HEAD_SECONDS = 30
# A form with the longest texts that it takes is sent in less, over a slow line, too.
BODY_SECONDS = 15.0
# What is read of a body that is refused, and for how long, in all and between two parts of it.
MOST_DISCARDED, DISCARD_SECONDS, DISCARD_PAUSE_SECONDS = 32_000_000, 15.0, 2.0
# In bytes, for all bodies at a time, so that clients who send many at once do not fill the memory. The beginning of
# each does not count: whoever fills the room keeps nobody from signing in.
ROOM_FOR_BODIES = 64 * 1024 * 1024
UNCOUNTED_BYTES_PER_BODY = 16 * 1024

# What MLflow sends is sent on in the loop. The database has logs, of which these make the pieces.
STREAM_THREADS = 4
MOST_DOWNLOADS = 64
# Of one person, or of an address whose person is not known. A program that loads a model fetches several files at once.
MOST_DOWNLOADS_EACH = 24
PIECE = 64 * 1024
# How long a client may take to make room for one piece, or to send one. One that is slower than 3 kB/s is given up.
PIECE_SECONDS = 20.0
