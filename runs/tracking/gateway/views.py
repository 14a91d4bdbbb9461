"""The calls that MLflow's clients make to find and load a model. Everything else is refused.

Requests are not passed on to MLflow: answers are made from Mantik's own rows, and only the bytes of files that the
model's certificate names come from MLflow. No answer is a redirect, which a client would follow with the token.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt

from connections.mlflow.errors import TrackingError
from mantik.lib.downloads import DownloadResponse
from mantik.tokens.models import Scope
from mantik.tokens.token_requests import TokenRequest, token_required
from runs.registered_models.files import ModelFile, files_of
from runs.registered_models.models import RegisteredModel
from runs.tracking.gateway import documents
from runs.tracking.gateway.queries import Unclear, model_by_alias, model_by_name, model_by_uuid, parameters

P = ParamSpec("P")

# What the server can do, for clients that ask. Loading models needs none of it.
_SERVER = {
    "store_type": "SqlStore",
    "workspaces_enabled": False,
    "trace_archival_enabled": False,
    "multipart_uploads_enabled": False,
    "multipart_downloads_enabled": False,
}


def _call(
    view: Callable[Concatenate[TokenRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Make `view` a call that reads, by GET, for the owner of a token.

    HEAD is refused like any other method: it would tell what exists without sending it.
    """
    with_token = token_required(Scope.READ, refuse=documents.refused)(view)

    @csrf_exempt
    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method != "GET":
            return no_such_call(request)
        try:
            response = with_token(request, *args, **kwargs)
        except Unclear as unclear:
            response = documents.wrong(str(unclear))
        except TrackingError as trouble:
            response = documents.mlflow_trouble(trouble)
        add_never_cache_headers(response)
        return response

    return answer


@csrf_exempt
def no_such_call(_request: HttpRequest, **_rest: Any) -> HttpResponse:
    """Answer 404, whatever the method and whoever asks."""
    return documents.no_such_call()


@_call
def server_info(request: TokenRequest) -> HttpResponse:
    parameters(request)
    return JsonResponse(_SERVER)


@_call
def registered_model(request: TokenRequest) -> HttpResponse:
    [name] = parameters(request, "name")
    model = model_by_name(request.user, name)
    if model is None:
        return documents.not_there(f"registered model {name}")
    return JsonResponse({"registered_model": documents.registered_model(model)})


@_call
def version_by_alias(request: TokenRequest) -> HttpResponse:
    name, alias = parameters(request, "name", "alias")
    model = model_by_alias(request.user, name, alias)
    if model is None:
        return documents.not_there(f"registered model {name} with the alias {alias}")
    return JsonResponse({"model_version": documents.model_version(model)})


@_call
def model_version(request: TokenRequest) -> HttpResponse:
    model, missing = _version(request)
    return missing if model is None else JsonResponse({"model_version": documents.model_version(model)})


@_call
def download_uri(request: TokenRequest) -> HttpResponse:
    model, missing = _version(request)
    return missing if model is None else JsonResponse({"artifact_uri": documents.place_of(model)})


@_call
def file_list(request: TokenRequest) -> HttpResponse:
    """The entries of one folder of a model; none if there is no such folder, or if it is a file."""
    [place] = parameters(request, "path")
    model, path = _place(request, place)
    if model is None:
        return documents.not_there(f"place {place}")
    return JsonResponse({"files": documents.folder(files_of(model), path)})


@_call
def file(request: TokenRequest, place: str) -> HttpResponseBase:
    """The bytes of one file. `place` was decoded once by Django, and is not decoded again."""
    parameters(request)
    model, path = _place(request, place)
    fact = next((fact for fact in files_of(model) if fact.path == path), None) if model else None
    if model is None or fact is None:
        return documents.not_there(f"file {place}")
    download = ModelFile(model, fact)
    download.open()
    return DownloadResponse(request, download, size=fact.size)


def _version(request: TokenRequest) -> tuple[RegisteredModel | None, HttpResponse]:
    """The model whose version is asked for, and what to answer if there is none."""
    name, version = parameters(request, "name", "version")
    model = model_by_name(request.user, name, version=version) if version else None
    return model, documents.not_there(f"version {version} of a registered model {name}")


def _place(request: TokenRequest, place: str) -> tuple[RegisteredModel | None, str]:
    """The model that `place` names as `documents.place_of` writes it, and the path in the model, "" for its top."""
    top, _, below = place.partition("/")
    uuid, _, path = below.partition("/")
    try:
        known = UUID(uuid)
    except ValueError:
        return None, ""
    # Only as we write it: UUID() takes braces and other spellings.
    model = model_by_uuid(request.user, known) if top == "models" and str(known) == uuid else None
    return model, path
