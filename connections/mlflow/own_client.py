"""MLflow's own client as workers use it: with short time limits, without retries, and with a token that only it sees.

Importing this module imports MLflow, which takes a second and tens of megabytes: see `for_workers.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import urlsplit

import requests
import urllib3
from google.protobuf.json_format import ParseError

from connections.mlflow.errors import AWAY, BROKEN_OFF, NOT_WELL, TOO_SLOW, TrackingError, TrackingUnavailable
from connections.mlflow.parsing import not_mlflow, refusal

_NAME = "mantik"
# MLflow's client takes this from the environment only, some of it while it is imported. What a worker starts (git, ssh)
# gets it as well, so no secret is in it.
ENVIRONMENT = {
    # Seconds until there is a connection, and until the next part of an answer.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    # The client would also repeat a request that creates something, which makes two. A worker looks for the first one.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    # The client would send the token to wherever a redirect leads.
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",
    # The name of the plugin that adds the login to each request: `_Login`.
    "MLFLOW_TRACKING_AUTH": _NAME,
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
os.environ.update(ENVIRONMENT)

from mlflow import MlflowClient  # noqa: E402 - not before its environment
from mlflow.exceptions import MlflowException, RestException  # noqa: E402
from mlflow.tracking.request_auth import registry as logins  # noqa: E402

# The codes of errors that MLflow's client raises itself and that can be trusted: see `_translated`.
_CLIENT_CODES = {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "UNAUTHENTICATED", "PERMISSION_DENIED"}
# The token for the call that is under way. In MLFLOW_TRACKING_TOKEN, every program that a worker starts would see it.
_token: ContextVar[str] = ContextVar("mlflow_token", default="")


class OwnClient:
    """Thread-safe, and every forked process gets connections of its own."""

    def __init__(self, *, uri: str, token: str) -> None:
        _go_past_proxies(uri)
        self._token = token
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    @contextmanager
    def calling(self, doing: str) -> Iterator[MlflowClient]:
        """MLflow's client, with the token, and with our own errors. `doing` completes "MLflow refused to ...".

        Raises TrackingUnavailable and TrackingRefused.
        """
        former = _token.set(self._token)
        try:
            yield self._client
        except MlflowException as error:
            raise _translated(error, doing) from None
        except ParseError:
            raise not_mlflow() from None
        finally:
            _token.reset(former)


class _Login:
    """A plugin of MLflow (request_auth). Its login is used instead of ~/.netrc and ~/.mlflow/credentials."""

    def get_name(self) -> str:
        return _NAME

    def get_auth(self) -> _Login:
        return self

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token := _token.get():
            request.headers["Authorization"] = f"Bearer {token}"
        return request


# MLflow finds plugins only in installed distributions, and Mantik runs from its checkout.
logins._request_auth_provider_registry.register(_Login)


def _go_past_proxies(uri: str) -> None:
    """Have MLflow's client connect to the server directly: a proxy in the environment is for hosts outside."""
    host = urlsplit(uri).hostname
    if host and requests.utils.get_environ_proxies(uri):
        known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
        os.environ["no_proxy"] = f"{known},{host}".lstrip(",")


def _translated(error: MlflowException, doing: str) -> TrackingError:
    if isinstance(error, RestException):
        return refusal(str(error.json.get("error_code") or ""), str(error.json.get("message", "")), doing=doing)
    if isinstance(trouble := error.__context__, requests.RequestException):
        return TrackingUnavailable(_not_answered(trouble))
    # Raised by the client itself: for a bad argument, with one of MLflow's codes; or for an answer not of MLflow.
    # The code of the latter only mirrors the HTTP status, so it is dropped, unless it says that the login was refused.
    return refusal(error.error_code if error.error_code in _CLIENT_CODES else "", error.message, doing=doing)


def _not_answered(trouble: requests.RequestException) -> str:
    # With retries off, urllib3 wraps the cause: it is MaxRetryError.reason.
    reason = getattr(trouble.args[0], "reason", None) if trouble.args else None
    match reason or trouble:
        case urllib3.exceptions.NewConnectionError():
            return AWAY
        case urllib3.exceptions.TimeoutError() | requests.Timeout():
            return TOO_SLOW
        case urllib3.exceptions.ProtocolError():
            return BROKEN_OFF
        case urllib3.exceptions.ResponseError():
            return NOT_WELL
    return AWAY
