"""A registered model as one zip, made while it is handed out: nothing of it is kept, in memory or on disk.

Its files lie in a folder of the model's name, with its certificate beside that folder. They are stored as they are, in
the order of the certificate and with the time of the registration, so every download is the same to the byte.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Generator, Iterator
from datetime import UTC

from connections.mlflow.errors import TrackingRefused
from runs.artifacts import is_inside
from runs.registry.files import ModelFile, files_of
from runs.registry.models import RegisteredModel

_UNIX = 3
_READABLE_FILE = 0o100644 << 16


class ZipDownload:
    """Iterate it once; close it, also if it was never begun.

    If MLflow fails on the way, or has another file than the certificate names, iterating raises TrackingError. What
    was handed out until then has no directory, so nothing takes it for a zip.
    """

    def __init__(self, model: RegisteredModel) -> None:
        """Raises TrackingError before the first byte, where it shows that early."""
        self.model = model
        self.files = files_of(model)
        if not all(is_safe(file.path) for file in self.files):
            raise TrackingRefused(f"{model.name} has a file whose name could lead out of its folder.")
        self._first = ModelFile(model, self.files[0])
        self._pieces = self._make()

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._pieces.close()
        self._first.close()

    def _make(self) -> Generator[bytes]:
        sink = _Sink()
        archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED)
        for file in self.files:
            source = self._first if file is self.files[0] else ModelFile(self.model, file)
            try:
                with archive.open(self._entry(f"{self.model.name}/{file.path}", file.size), "w") as target:
                    for piece in source:
                        target.write(piece)
                        yield sink.take()
            finally:
                source.close()
        certificate = self.model.certificate.encode()
        archive.writestr(self._entry(f"{self.model.name}.certificate.json", len(certificate)), certificate)
        archive.close()
        yield sink.take()

    def _entry(self, name: str, size: int) -> zipfile.ZipInfo:
        """The size decides beforehand how large numbers are written."""
        assert self.model.registered_at is not None
        moment = self.model.registered_at.astimezone(UTC)
        entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
        entry.create_system, entry.external_attr, entry.file_size = _UNIX, _READABLE_FILE, size
        return entry


class _Sink(io.RawIOBase):
    """What is written, until it is taken. It cannot seek, so zipfile writes straight on."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self._written += content
        return len(content)

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


def is_safe(path: str) -> bool:
    """Whether what unpacks a zip, on whatever machine, puts `path` below the folder it is unpacked in."""
    return is_inside(path) and "\\" not in path and ":" not in path
