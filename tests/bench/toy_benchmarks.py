"""Benchmarks that take no time, for tests of what runs them."""

from __future__ import annotations

from collections.abc import Iterator

from bench.ground import Ground
from bench.harness import Result


def plain(_ground: Ground) -> Iterator[Result]:
    yield Result("plain.one", 3, "s")
    yield Result("plain.two", 0.123456789, "MB")


def compared(_ground: Ground) -> Iterator[Result]:
    yield Result("compared.less", 2.0, "s", 5.0, "the old way")
    yield Result("compared.more", 30.0, "runs/s", 10.0, "the old way", more_is_better=True)


def breaks(_ground: Ground) -> Iterator[Result]:
    yield Result("breaks.early", 1, "s")
    raise OSError("the site does not answer")


def forgets(_ground: Ground) -> Iterator[Result]:
    yield Result("forgets.one", 1, "s")
