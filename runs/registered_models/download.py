"""Makes a zip of a registered model while it is sent, so that no whole file is kept in memory or on disk.

The files are in a folder with the model's name, and the certificate is beside that folder. Files are not compressed,
have the order of the certificate and the time of registration, so every download has the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import UTC

from connections.mlflow.errors import TrackingRefused
from runs.registered_models.contents import FileFact, is_safe
from runs.registered_models.files import ModelFile, files_of
from runs.registered_models.models import RegisteredModel

_UNIX = 3
_READABLE_FILE = 0o100644 << 16


class ZipDownload:
    """The zip of one model, as mantik/lib/downloads.py has it sent.

    If MLflow fails, or a file differs from the certificate, `pieces` raises TrackingError. What was sent until then is
    shorter than `size`, so clients notice, and has no zip directory, so no program accepts it as a zip.
    """

    def __init__(self, model: RegisteredModel) -> None:
        """Raises TrackingError if the first file cannot be opened: nothing was sent by then."""
        self.model = model
        facts = files_of(model)
        if not all(is_safe(file.path) for file in facts):
            raise TrackingRefused(f"{model.name} has a file whose name could lead out of its folder.")
        self.size = zip_size([*_names(model, facts), (_certificate_name(model), len(model.certificate.encode()))])
        self._names = _names(model, facts)
        self._files = [ModelFile.of(model, fact) for fact in facts]
        self._files[0].open()

    async def pieces(self) -> AsyncGenerator[bytes]:
        sink = _Sink()
        archive = zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED)
        for file, (name, size) in zip(self._files, self._names, strict=True):
            with archive.open(self._entry(name, size), "w") as target:
                async with aclosing(file.pieces()) as pieces:
                    async for piece in pieces:
                        target.write(piece)
                        yield sink.take()
        certificate = self.model.certificate.encode()
        archive.writestr(self._entry(_certificate_name(self.model), len(certificate)), certificate)
        archive.close()
        yield sink.take()

    def close(self) -> None:
        self._files[0].close()

    def _entry(self, name: str, size: int) -> zipfile.ZipInfo:
        """The header of an entry. zipfile needs the size beforehand, to decide whether numbers need 64 bits."""
        assert self.model.registered_at is not None
        moment = self.model.registered_at.astimezone(UTC)
        entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
        entry.create_system, entry.external_attr, entry.file_size = _UNIX, _READABLE_FILE, size
        return entry


def _names(model: RegisteredModel, files: Iterable[FileFact]) -> list[tuple[str, int]]:
    """The name in the zip and the size of each file."""
    return [(f"{model.name}/{file.path}", file.size) for file in files]


def _certificate_name(model: RegisteredModel) -> str:
    return f"{model.name}.certificate.json"


def zip_size(entries: Iterable[tuple[str, int]]) -> int:
    """How many bytes zipfile writes for a zip of uncompressed entries (name, size), to a target that cannot seek.

    Sizes and offsets beyond 2 GiB are written with 64 bits: in the entry's header, in the descriptor after its content,
    and in the directory.
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
    """Keeps what is written until it is taken. It cannot seek, so zipfile never goes back to an earlier part."""

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
