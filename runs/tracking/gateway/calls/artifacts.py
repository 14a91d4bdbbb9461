"""Files of runs and logged models, by their place in MLflow: `<experiment>/<run>/artifacts/...` or
`<experiment>/models/<model>/artifacts/...`. Registered models have a place of their own, `models/<uuid>/...`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

from django.db import close_old_connections
from django.http.response import HttpResponseBase

from connections.mlflow.onward import onward
from connections.mlflow.paths import ARTIFACT_LIST
from mantik.lib.handed_on import Body, Given, HandedOn
from runs.models import Run, TrackedItem
from runs.tracking.gateway.answers import JSON, explaining, file_given, handed_on
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.callers import Job
from runs.tracking.gateway.calls import registered_files
from runs.tracking.gateway.calls.runs import RUN_ID, run_id
from runs.tracking.gateway.fields import text
from runs.tracking.gateway.refusals import Refused, not_there, too_large, wrong
from runs.tracking.quota import Full, Quota

Kind = TrackedItem.Kind
_PLACE = re.compile(
    r"(?P<experiment>\d{1,20})/(?:(?P<run>[0-9a-f]{32})|models/(?P<model>m-[0-9a-f]{32}))/artifacts(?:/(?P<path>.*))?"
)
# What no name of a file or folder in a path may be or hold. A % would be decoded once more by MLflow.
_NO_NAMES = {"", ".", ".."}
_NO_CHARACTERS = re.compile(r"[%\\\x00-\x1f\x7f]")
# In bytes, of one name and of a path: as file systems have it, with room for where MLflow keeps its files.
_LONGEST_NAME, _LONGEST_PATH = 255, 2000


@dataclass(frozen=True)
class Place:
    experiment: str
    kind: Kind
    owner: str
    path: str

    @classmethod
    def parse(cls, text: str, *, is_file: bool) -> Place:
        """Raises Refused if it is none."""
        found = _PLACE.fullmatch(text.strip("/") if not is_file else text)
        if not found:
            raise not_there(f"place {text}")
        path = found["path"] or ""
        names = path.split("/") if path or is_file else []
        if _NO_CHARACTERS.search(path) or any(name in _NO_NAMES for name in names):
            raise wrong(f"{path!r} cannot be the path of a file here: without '.', '..', empty names, '%' and '\\'.")
        _check_length(path)
        kind = Kind.RUN if found["run"] else Kind.MODEL
        return cls(found["experiment"], kind, found["run"] or found["model"], path)

    def __str__(self) -> str:
        owner = self.owner if self.kind is Kind.RUN else f"models/{self.owner}"
        below = f"/{self.path}" if self.path else ""
        return f"{self.experiment}/{owner}/artifacts{below}"


def _check_to_read(asked: Asked, place: Place) -> None:
    """Raises Refused, in the same words whatever is not there. Files lie below the experiment of their run, so it alone
    decides for a member: MLflow says whether there is such a run in it. A job has its own run's."""
    try:
        if isinstance(asked.caller, Job):
            asked.caller.owner(place.kind, place.owner)
        experiment = asked.caller.experiment(place.experiment)
    except Refused:
        raise not_there(f"place {place}") from None
    if experiment.mlflow_experiment_id != place.experiment:
        raise not_there(f"place {place}")
    asked.caller.check_download(experiment.project)


def listing(asked: Asked) -> HttpResponseBase:
    """The entries of a folder, as clients read them that load files by their place."""
    folder = asked.fields({"path": text}).get("path", "")
    if registered_files.is_place(folder):
        return registered_files.listing(asked, folder)
    place = Place.parse(folder, is_file=False)
    _check_to_read(asked, place)
    return handed_on(asked.caller, "GET", asked.path, query={"path": str(place)})


def of_run(asked: Asked) -> HttpResponseBase:
    """The entries of a folder of a run."""
    found = asked.fields({**RUN_ID, "path": text, "page_token": text})
    found["run_id"] = run_id(found)
    run = asked.caller.owner(Kind.RUN, found["run_id"])
    if run is None:
        raise not_there(f"run {found['run_id']}")
    check_folder(found.get("path", ""))
    return handed_on(asked.caller, "GET", ARTIFACT_LIST.lstrip("/"), query=found)


def check_folder(path: str) -> None:
    """Raises Refused."""
    _check_length(path)
    if _NO_CHARACTERS.search(path) or ".." in path.split("/"):
        raise wrong(f"{path!r} cannot be the path of a folder here.")


def _check_length(path: str) -> None:
    longest = max((len(name.encode()) for name in path.split("/")), default=0)
    if longest > _LONGEST_NAME:
        raise wrong(
            f"A name in this path has {longest} bytes. Files and folders have names of {_LONGEST_NAME} at most."
        )
    if len(path.encode()) > _LONGEST_PATH:
        raise wrong(f"This path has {len(path.encode())} bytes. Choose one with {_LONGEST_PATH} at most.")


def download(asked: Asked) -> HttpResponseBase:
    asked.fields({})
    if registered_files.is_place(asked.parts["place"]):
        return registered_files.download(asked, asked.parts["place"])
    place = Place.parse(asked.parts["place"], is_file=True)
    _check_to_read(asked, place)
    return _file(asked, place)


def of_run_file(asked: Asked) -> HttpResponseBase:
    """/get-artifact, as browsers and old clients ask for a file of a run."""
    found = asked.fields({**RUN_ID, "path": text})
    mlflow_id, path = run_id(found), found.get("path", "")
    run = asked.caller.owner(Kind.RUN, mlflow_id)
    if run is None:
        raise not_there(f"run {mlflow_id}")
    place = Place.parse(f"{run.mlflow_experiment_id}/{mlflow_id}/artifacts/{path}", is_file=True)
    asked.caller.check_download(run.project)
    return _file(asked, place)


def _file(asked: Asked, place: Place) -> HandedOn:
    async def ask(_: Body) -> Given:
        file = await onward().file(quote(str(place)))
        return file_given(file, file.size)

    return HandedOn(explaining(ask), reader=asked.caller.reader)


def upload(asked: Asked) -> HttpResponseBase:
    """The body is sent on as it comes (mantik/server/front.py)."""
    place = Place.parse(asked.parts["place"], is_file=True)
    if asked.request.GET:
        raise wrong("This call takes nothing in the address but the place of the file.")
    run = asked.run_to_log_to(place.kind, place.owner)
    if run.mlflow_experiment_id != place.experiment:
        raise not_there(f"place {place}")

    quota = _quota(run)

    async def ask(body: Body) -> Given:
        try:
            await onward().store(quote(str(place)), _while_open(asked, place, quota.within(body)))
        except Full as full:
            raise too_large(str(full)) from None
        await asyncio.to_thread(quota.note)
        return Given(200, JSON, b"{}")

    return HandedOn(explaining(ask), reader=asked.caller.reader)


async def _while_open(asked: Asked, place: Place, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """`body`. Raises Refused if the run has ended while it came: then nothing of it is stored."""
    async for part in body:
        yield part
    await asyncio.to_thread(_check_open, asked, place)


def _check_open(asked: Asked, place: Place) -> None:
    try:
        asked.caller.owner_to_write(place.kind, place.owner)
    finally:
        close_old_connections()


def _quota(run: Run) -> Quota:
    try:
        return Quota(run)
    except Full as full:
        raise too_large(str(full)) from None


def in_parts(_asked: Asked) -> HttpResponseBase:
    """Clients that would send a large file in parts then send it at once: they know these words."""
    raise Refused(
        501, "NOT_IMPLEMENTED", "Multipart upload is not supported for the current artifact repository of Mantik."
    )
