"""Files of registered models, at places of their own. Each is compared with its certificate while it is sent."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase

from mantik.lib.handed_on import Body, Given, HandedOn
from runs.registered_models.files import ModelFile, files_of
from runs.registered_models.models import RegisteredModel
from runs.tracking.gateway import documents
from runs.tracking.gateway.answers import document, explaining, file_given
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.callers import reader_of_models
from runs.tracking.gateway.queries import model_by_uuid
from runs.tracking.gateway.refusals import not_there

_TOP = "models"


def is_place(place: str) -> bool:
    return place == _TOP or place.startswith(f"{_TOP}/")


def listing(asked: Asked, place: str) -> HttpResponseBase:
    """The entries of one folder of a model; none if there is no such folder, or if it is a file."""
    model, path = _found(asked, place)
    return document({"files": documents.folder(files_of(model), path)})


def download(asked: Asked, place: str) -> HttpResponseBase:
    model, path = _found(asked, place)
    fact = next((fact for fact in files_of(model) if fact.path == path), None)
    if fact is None:
        raise not_there(f"file {place}")

    # Clients ask for several at once, and wait: nothing here is in the time of a page.
    async def ask(_: Body) -> Given:
        return file_given(await ModelFile.opened(model, fact), fact.size)

    return HandedOn(explaining(ask), reader=asked.caller.reader)


def _found(asked: Asked, place: str) -> tuple[RegisteredModel, str]:
    """The model that `place` names as `documents.place_of` writes it, and the path in the model, "" for its top."""
    _, _, below = place.partition("/")
    written, _, path = below.partition("/")
    try:
        known = UUID(written)
    except ValueError:
        raise not_there(f"place {place}") from None
    # Only as we write it: UUID() takes braces and other spellings.
    model = model_by_uuid(reader_of_models(asked.caller), known) if str(known) == written else None
    if model is None:
        raise not_there(f"place {place}")
    return model, path
