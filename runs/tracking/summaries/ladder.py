"""The ladder of a metric: at most MOST buckets, each as wide as all the others, from which every chart is drawn.

A bucket is for a range of steps; within one step, it is for a range of times. At level 0 it is for one step and one
millisecond, and each level is twice as wide as the one before: 64 levels up to one whole step, and 64 more up to all
of them. A ladder begins at level 0, and climbs when it would have more than MOST buckets. So it follows from the points
alone, in whichever order they came; and no value is lost on the way, as each bucket knows its least and most.
"""

from __future__ import annotations

from collections.abc import Sequence

from runs.tracking.summaries.buckets import FIRST_STEP, FIRST_TIME, Bucket, join

MOST = 2000
# From here on a bucket is for whole steps.
ONE_STEP = 64
TOP = 128
_HALF = 2**63


def place_of(step: int, time: int, level: int) -> int:
    """Which bucket of a level a point is in, counted along steps and times."""
    if level >= ONE_STEP:
        return step >> (level - ONE_STEP)
    return (step << (ONE_STEP - level)) | ((time + _HALF) >> level)


def place(bucket: Bucket, level: int) -> int:
    return place_of(int(bucket[FIRST_STEP]), int(bucket[FIRST_TIME]), level)


def climb(buckets: Sequence[Bucket], level: int, *, most: int) -> tuple[list[Bucket], int]:
    """`buckets`, which are in order, as at most `most`; and their level, the lowest that will do. They may change."""
    if len(buckets) <= most:
        return list(buckets), level
    to = _lowest(buckets, level, most)
    found: dict[int, Bucket] = {}
    for bucket in buckets:
        at = place(bucket, to)
        if there := found.get(at):
            join(there, bucket)
        else:
            found[at] = bucket
    return list(found.values()), to


def _lowest(buckets: Sequence[Bucket], level: int, most: int) -> int:
    """Mostly the next one; after the first points, dozens of levels above."""
    fits, step = level + 1, 1
    low = level
    while _count(buckets, fits) > most:
        low, step = fits, step * 2
        fits = min(TOP, fits + step)
    while fits - low > 1:
        middle = (low + fits) // 2
        low, fits = (low, middle) if _count(buckets, middle) <= most else (middle, fits)
    return fits


def _count(buckets: Sequence[Bucket], level: int) -> int:
    return len({place(bucket, level) for bucket in buckets})
