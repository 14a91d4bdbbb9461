"""Reads the files of a registered model: its certificate lists them, MLflow has them.

What MLflow sends is compared with the certificate while it is passed on, so nobody receives a complete file that is not
the registered one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack

from connections.mlflow.errors import TrackingRefused
from connections.mlflow.model_files import model_files
from runs.registered_models.contents import FileFact
from runs.registered_models.models import RegisteredModel


def files_of(model: RegisteredModel) -> list[FileFact]:
    """The files of `model`, sorted by path; none while the certificate is not written."""
    document = json.loads(model.certificate) if model.certificate else {"files": []}
    return [FileFact(file["path"], file["size"], file["sha256"]) for file in document["files"]]


class ModelFile:
    """One file while it is sent. Iterate over it once, and close it even without iterating.

    The last piece is held back until the whole file is known to be the one in the certificate.
    """

    def __init__(self, model: RegisteredModel, fact: FileFact) -> None:
        """Raises TrackingError before the first byte."""
        self.model, self.fact = model, fact
        self._open = ExitStack()
        found = self._open.enter_context(model_files().open(model.source, fact.path))
        if found.size not in (None, fact.size):
            self.close()
            raise self._changed()
        self._pieces = found.pieces

    def __iter__(self) -> Iterator[bytes]:
        """Raises TrackingError if the file differs. An answer that has begun to send it then breaks off."""
        digest, size, held = hashlib.sha256(), 0, b""
        with self._open:
            for piece in self._pieces:
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
        self._open.close()

    def _changed(self) -> TrackingRefused:
        return TrackingRefused(
            f"{self.fact.path} of {self.model.name} is no longer the file that was registered: it was changed in "
            "MLflow."
        )
