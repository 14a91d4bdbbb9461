"""Files that a training has logged, on their way from the relay's folder to MLflow, a piece at a time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import partial

from connections.mlflow.for_workers import writer
from runs.models import Journal, Run
from runs.tracking.gateway.calls.artifacts import Place
from runs.tracking.gateway.refusals import Refused
from runs.tracking.journals.entries import File, Kind
from runs.tracking.journals.names import files_of, pack_of
from runs.tracking.journals.passed_over import BAD_PATH, NO_BYTES, WRONG_SUM, PassedOver
from runs.tracking.journals.source import LARGE, LargeFile, Source
from runs.tracking.quota import Quota

# Bytes that are read at a time.
_PIECE = 2**20
# MLflow decodes the name of a file again and again, so that one with a per cent sign is not found. This one looks the
# same and is nothing to it.
_PER_CENT, WIDE_PER_CENT = "%", "\N{FULLWIDTH PERCENT SIGN}"


class NotYet(Exception):
    """The bytes of a file are not there to be read, although its entry is. They may be soon."""


def place_of(run: Run, kind: Kind, owner: str, path: str) -> str:
    """Below MLflow's root. Raises PassedOver if no file can have this path."""
    below = f"models/{owner}" if kind is Kind.MODEL else owner
    named = path.replace(_PER_CENT, WIDE_PER_CENT)
    try:
        return str(Place.parse(f"{run.mlflow_experiment_id}/{below}/artifacts/{named}", is_file=True))
    except Refused:
        raise PassedOver(BAD_PATH) from None


def is_renamed(path: str) -> bool:
    return _PER_CENT in path


def store(run: Run, journal: Journal, source: Source, file: File) -> None:
    """Stores the whole file, or nothing. A large one goes on where an earlier call was stopped.

    Raises NotYet, LargeFile, PassedOver, Full, SiteError, TrackingUnavailable and TrackingRefused.
    """
    place = place_of(run, file.kind, file.owner, file.path)
    path, start = _where(journal, file)
    Quota(Run.objects.select_related("project").get(pk=run.pk)).check(file.size)
    if _size(source, path, file) < start + file.size:
        raise NotYet
    pieces = partial(_pieces, source, path, start, start + file.size)
    if file.size <= LARGE:
        writer().store_file(place, file.size, _checked(pieces(0), file.sha256))
    elif not writer().store_large_file(place, file.size, file.sha256, pieces):
        raise PassedOver(WRONG_SUM)


def _size(source: Source, path: str, file: File) -> int:
    try:
        return source.size(path) or 0
    except LargeFile:
        raise LargeFile(file.path) from None


def _where(journal: Journal, file: File) -> tuple[str, int]:
    """The path of the file that has the bytes, and where they begin. A path is only what a relay would have chosen: a
    training could name any file of its job."""
    if isinstance(file.at, int):
        return pack_of(journal.name), file.at
    if not re.fullmatch(rf"{re.escape(files_of(journal.name))}/[0-9]{{1,20}}", file.at):
        raise PassedOver(NO_BYTES)
    return file.at, 0


def _pieces(source: Source, path: str, start: int, end: int, first: int) -> Iterator[bytes]:
    """What stands from `start` to `end`, from its byte `first` on."""
    start += first
    while start < end:
        piece = source.read(path, start, min(_PIECE, end - start))
        if not piece:
            raise NotYet
        yield piece
        start += len(piece)


def _checked(pieces: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    """The last piece is held back until the sum of all is known: without it, nothing is stored."""
    digest, held = hashlib.sha256(), b""
    for piece in pieces:
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != sha256:
        raise PassedOver(WRONG_SUM)
    if held:
        yield held
