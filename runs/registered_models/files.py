"""Reads the files of a registered model: its certificate lists them, MLflow has them.

What MLflow sends is compared with the certificate while it is passed on, so nobody receives a complete file that is not
the registered one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from connections.mlflow.errors import TrackingRefused
from connections.mlflow.files import OpenFile, files
from connections.mlflow.model_files import model_files
from connections.mlflow.onward import onward
from connections.mlflow.places import Address
from mantik.lib.loop import in_loop
from runs.registered_models.contents import FileFact
from runs.registered_models.models import RegisteredModel


def files_of(model: RegisteredModel) -> list[FileFact]:
    """The files of `model`, sorted by path; none while the certificate is not written."""
    document = json.loads(model.certificate) if model.certificate else {"files": []}
    return [FileFact(file["path"], file["size"], file["sha256"]) for file in document["files"]]


class ModelFile:
    """One file, as mantik/lib/downloads.py has it sent.

    The last piece is held back until the whole file is known to be the one in the certificate.
    """

    def __init__(self, model: RegisteredModel, fact: FileFact, address: Address) -> None:
        self.model, self.fact = model, fact
        self._address = address
        self._file: OpenFile | None = None

    @classmethod
    def of(cls, model: RegisteredModel, fact: FileFact) -> ModelFile:
        """Asks MLflow where the model is. Raises TrackingError."""
        return cls(model, fact, model_files().address(model.source, fact.path))

    @classmethod
    async def opened(cls, model: RegisteredModel, fact: FileFact) -> ModelFile:
        """In the loop, for programs: they wait longer than pages may, and hold no thread. Raises TrackingError."""
        file = cls(model, fact, await onward().model_address(model.source, fact.path))
        file._file = await files().open(file._address)
        if file._is_another(file._file):
            await file._file.aclose()
            raise file._changed()
        return file

    def open(self) -> None:
        """In a thread, so that whoever asks learns before the first byte if MLflow does not have it: TrackingError."""
        self._file = files().open_now(self._address)
        if self._is_another(self._file):
            self.close()
            raise self._changed()

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Raises TrackingError if the file differs. An answer that has begun to send it then breaks off."""
        self._file = self._file or await files().open(self._address)
        digest, size, held = hashlib.sha256(), 0, b""
        async with aclosing(self._file), aclosing(self._file.pieces()) as pieces:
            if self._is_another(self._file):
                raise self._changed()
            async for piece in pieces:
                digest.update(piece)
                size += len(piece)
                if size > self.fact.size:
                    raise self._changed()
                if held:
                    yield held
                held = piece
        if (size, digest.hexdigest()) != (self.fact.size, self.fact.sha256):
            raise self._changed()
        yield held

    def close(self) -> None:
        if self._file:
            in_loop(self._file.aclose())

    def _is_another(self, file: OpenFile) -> bool:
        return file.size not in (None, self.fact.size)

    def _changed(self) -> TrackingRefused:
        return TrackingRefused(
            f"{self.fact.path} of {self.model.name} is no longer the file that was registered: it was changed in "
            "MLflow."
        )
