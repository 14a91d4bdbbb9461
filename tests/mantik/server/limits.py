"""What the front of `example.py` allows: little, so that tests reach it soon."""

BODY, BODY_SECONDS, ROOM = 100_000, 2.0, 300_000
THREADS, QUEUE, QUEUE_SECONDS = 2, 3, 1.0
DOWNLOADS, DOWNLOADS_EACH = 3, 2
PIECE_SECONDS = 2.0
# How long the page /slow takes.
SLOW_SECONDS = 1.5
