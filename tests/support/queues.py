"""All queues, for a worker that serves each of them."""

from mantik.up.worker import GROUPS

QUEUES = tuple(queue for group in GROUPS for queue in group.queues)
