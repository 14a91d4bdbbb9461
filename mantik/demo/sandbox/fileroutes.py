"""`/storages/<job>-uspace`: the working directory of a job and the files in it.

Owners are kept apart here as well. At a real site that is done by the accounts of the cluster's operating system,
which the sandbox does not have.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mantik.demo.sandbox import staging
from mantik.demo.sandbox.answers import Page, Visit, fields_of, json_object, only, read_page, require_type
from mantik.demo.sandbox.http_server import Response, error_response, json_response
from mantik.demo.sandbox.jobs import Job, rest_date
from mantik.demo.sandbox.ranges import RangeRefused, read_range
from mantik.demo.sandbox.state import SiteState

_SUFFIX = "-uspace"
_MAX_LISTED = 10_000
_NULL_POINTER = "java.lang.NullPointerException (no further message available)"
_TSI_ERROR = "(Command execution on TSI reported an error)"


def storages(site: SiteState, visit: Visit, rest: Sequence[str]) -> Response:
    """`/storages/<job>-uspace` and below."""
    if not rest:
        return visit.only("GET") or json_response({"_links": {}, "storages": []})
    job = site.engine.jobs.get(rest[0].removesuffix(_SUFFIX)) if rest[0].endswith(_SUFFIX) else None
    if job is None:
        return Response(404)
    if not site.may_act_on(visit.user, job):
        return Response(403)
    match list(rest[1:]):
        case []:
            return visit.only("GET") or _storage(site, visit, job)
        case ["files", *path]:
            return _file(site, visit, job, "/".join(path).strip("/"))
        case ["actions", name]:
            return visit.only("POST") or _act(site, visit, job, name)
    return Response(404)


def _storage(site: SiteState, visit: Visit, job: Job) -> Response:
    directory = site.engine.directory_of(job)
    url = f"{site.base}/storages/{job.id}{_SUFFIX}"
    document: dict[str, Any] = {
        "owner": job.owner,
        "resourceStatus": "READY" if job.has_directory else "INITIALIZING",
        "resourceStatusMessage": "N/A",
        "description": "Job workspace",
        "filesystemDescription": "sandbox site",
        "protocols": ["BFT"],
        "umask": "077",
        "metadataSupported": False,
        "acl": [],
        "tags": [],
        "_links": {
            "self": {"href": url},
            "files": {"description": "Files", "href": f"{url}/files"},
            "job": {"description": "Parent job", "href": f"{site.base}/jobs/{job.id}"},
        },
    }
    if job.has_directory:
        document |= {"mountPoint": str(directory), "freeSpace": _free_bytes(directory)}
    return json_response(only(document, fields_of(visit)))


def _free_bytes(directory: Path) -> int:
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return -1


def _file(site: SiteState, visit: Visit, job: Job, path: str) -> Response:
    doing = {"PUT": "uploading to", "POST": "creating", "DELETE": "deleting"}.get(visit.method, "listing")
    if visit.method == "GET" and "application/octet-stream" in visit.request.accepts:
        doing = "downloading from"
    if not job.has_directory:
        return error_response(500, f"Error {doing} '/{path}': {_NULL_POINTER}")
    try:
        target = staging.inside(site.engine.directory_of(job), path)
        return _handle(site, visit, job, path, target)
    except staging.OutsideOfDirectory:
        return error_response(500, f"Error {doing} '/{path}': the path leads out of the job's directory")
    except OSError as error:
        return error_response(500, f"Error {doing} '/{path}': java.io.IOException: {error.strerror or error}")


def _handle(site: SiteState, visit: Visit, job: Job, path: str, target: Path) -> Response:
    if visit.method == "PUT":
        return _upload(visit, target)
    if visit.method == "POST":
        if target.is_file():
            raise FileExistsError(0, f"Cannot create directory </{path}>, file exists!")
        target.mkdir(parents=True, exist_ok=True)
        return Response(201, headers={"Location": f"{site.base}/storages/{job.id}{_SUFFIX}/files/{path}"})
    if visit.method == "DELETE":
        return _delete(target, path)
    if refusal := visit.only("GET"):
        return refusal
    try:
        return _look(site, visit, job, path, target)
    except FileNotFoundError:
        return Response(404)


def _look(site: SiteState, visit: Visit, job: Job, path: str, target: Path) -> Response:
    """Raises `FileNotFoundError`."""
    is_directory = target.is_dir()
    if "application/octet-stream" in visit.request.accepts:
        return Response(406) if is_directory else _download(visit, target)
    storage = {"description": "Parent Storage", "href": f"{site.base}/storages/{job.id}{_SUFFIX}"}
    document = {"metadata": {}, **_facts(target), "_links": {"parentStorage": storage}}
    if not is_directory:
        response = json_response(document)
        response.headers["Accept-Ranges"] = "bytes"
        return response
    page = read_page(visit, _MAX_LISTED)
    if isinstance(page, Response):
        return page
    return json_response(document | {"content": _listing(target, f"/{path}/" if path else "/", page)})


def _facts(path: Path) -> dict[str, Any]:
    status = path.stat()
    is_directory = path.is_dir()
    bits = (status.st_mode >> 6) & 0o7
    return {
        "size": status.st_size,
        "permissions": "".join(letter if bits & bit else "-" for letter, bit in zip("rwx", (4, 2, 1), strict=True)),
        "lastAccessed": rest_date(status.st_mtime),
        "isDirectory": is_directory,
    }


def _listing(directory: Path, prefix: str, page: Page) -> dict[str, dict[str, Any]]:
    content = {}
    for entry in sorted(directory.iterdir())[page.offset : page.offset + page.num]:
        try:
            facts = _facts(entry)
        except FileNotFoundError:
            continue  # it went, or is a link to nothing
        content[f"{prefix}{entry.name}{'/' if facts['isDirectory'] else ''}"] = facts
    return content


def _upload(visit: Visit, target: Path) -> Response:
    if refusal := require_type(visit, "application/octet-stream"):
        return refusal
    if target.is_dir():
        raise IsADirectoryError(0, f"{target} (Is a directory)")
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for piece in visit.request.body.chunks():
            file.write(piece)
    return Response(204)


def _delete(target: Path, path: str) -> Response:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif os.path.lexists(target):
        target.unlink()
    else:
        reason = f"eu.unicore.xnjs.ems.ExecutionException: Could not delete. {_TSI_ERROR}"
        return error_response(500, f"Cannot delete <{path}>: {reason}")
    return Response(204)


def _download(visit: Visit, target: Path) -> Response:
    # The file grows while it is read: what is sent is what it held when it was opened.
    stream = target.open("rb")
    size = os.fstat(stream.fileno()).st_size
    wanted = visit.request.headers.get("range")
    try:
        start, length = read_range(wanted, size) if wanted else (0, size)
    except RangeRefused as error:
        stream.close()
        return error_response(416, str(error))
    stream.seek(start)
    status = 206 if wanted else 200
    return Response(status, content_type="application/octet-stream", stream=stream, length=length)


def _act(site: SiteState, visit: Visit, job: Job, name: str) -> Response:
    if refusal := require_type(visit, "application/json"):
        return refusal
    if name not in {"rename", "copy"}:
        return Response(404)
    parameters, problem = json_object(visit.request.body.content())
    if parameters is None:
        return error_response(500, f"Error handling action: '{name}': {problem}")
    source, target = parameters.get("from"), parameters.get("to")
    if not isinstance(source, str) or not isinstance(target, str):
        return Response(400)
    directory = site.engine.directory_of(job)
    try:
        move = shutil.move if name == "rename" else shutil.copyfile
        move(staging.inside(directory, source), staging.inside(directory, target))
    except (OSError, staging.OutsideOfDirectory) as error:
        return error_response(500, f"Error handling action: '{name}': java.io.IOException: {error}")
    return Response(204)
