"""A registered model as one zip, made while it is sent: nothing of it is kept in memory or on disk.

The files are in a folder with the model's name, and the certificate is beside that folder. They are not compressed, in
the order of the certificate and with the time of registration, so every download has the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Generator, Iterable, Iterator
from datetime import UTC

from connections.mlflow.errors import TrackingRefused
from runs.registered_models.contents import FileFact, is_safe
from runs.registered_models.files import ModelFile, files_of
from runs.registered_models.models import RegisteredModel

_UNIX = 3
_READABLE_FILE = 0o100644 << 16


class ZipDownload:
    """Iterate it once; close it, even if it was never begun.

    If MLflow fails, or has another file than the certificate names, iterating raises TrackingError. What was sent until
    then is shorter than `size`, so clients notice, and has no zip directory, so no program takes it for a zip.
    """

    def __init__(self, model: RegisteredModel) -> None:
        """Raises TrackingError before the first byte, where it shows that early."""
        self.model = model
        self.files = files_of(model)
        if not all(is_safe(file.path) for file in self.files):
            raise TrackingRefused(f"{model.name} has a file whose name could lead out of its folder.")
        self.size = zip_size([*_names(model, self.files), (_certificate_name(model), len(model.certificate.encode()))])
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
        for file, (name, size) in zip(self.files, _names(self.model, self.files), strict=True):
            source = self._first if file is self.files[0] else ModelFile(self.model, file)
            try:
                with archive.open(self._entry(name, size), "w") as target:
                    for piece in source:
                        target.write(piece)
                        yield sink.take()
            finally:
                source.close()
        certificate = self.model.certificate.encode()
        archive.writestr(self._entry(_certificate_name(self.model), len(certificate)), certificate)
        archive.close()
        yield sink.take()

    def _entry(self, name: str, size: int) -> zipfile.ZipInfo:
        """The size decides beforehand how large numbers are written."""
        assert self.model.registered_at is not None
        moment = self.model.registered_at.astimezone(UTC)
        entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
        entry.create_system, entry.external_attr, entry.file_size = _UNIX, _READABLE_FILE, size
        return entry


def _names(model: RegisteredModel, files: Iterable[FileFact]) -> list[tuple[str, int]]:
    """Of each file its name in the zip and its size."""
    return [(f"{model.name}/{file.path}", file.size) for file in files]


def _certificate_name(model: RegisteredModel) -> str:
    return f"{model.name}.certificate.json"


def zip_size(entries: Iterable[tuple[str, int]]) -> int:
    """Bytes of a zip with these (name, size), stored, as zipfile writes it where it cannot seek.

    Sizes and places beyond 2 GiB are written as 64 bits: in the file's header and behind it, and in the directory.
    """
    offset = directory = count = 0
    for name, size in entries:
        length = len(name.encode())
        large = size * 1.05 > zipfile.ZIP64_LIMIT
        numbers = 2 * (size > zipfile.ZIP64_LIMIT) + (offset > zipfile.ZIP64_LIMIT)
        directory += 46 + length + (4 + 8 * numbers if numbers else 0)
        offset += 30 + length + size + (20 + 24 if large else 16)
        count += 1
    large = max(offset, directory) > zipfile.ZIP64_LIMIT or count > zipfile.ZIP_FILECOUNT_LIMIT
    return offset + directory + 22 + (56 + 20 if large else 0)


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
