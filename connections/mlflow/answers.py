"""MLflow's answers, checked: a JSON object, or an error in plain words."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from connections.mlflow.errors import NotThere, TrackingError, TrackingRefused, TrackingUnavailable

_TRY_AGAIN = {408, 425, 429}
# Texts of the database layer get into MLflow's messages; they tell users nothing and strangers too much.
_INTERNALS = ("sql", "psycopg", "traceback", "integrityerror", "queuepool", "\n", "background on this error")


def json_object(response: httpx.Response, *, doing: str) -> dict[str, Any]:
    """The object in a good answer, or raises the error. `doing` completes "MLflow refused to ..."."""
    if not response.is_success:
        raise error_in(response, doing=doing)
    try:
        answer = response.json()
    except ValueError:
        raise not_mlflow() from None
    if not isinstance(answer, dict):
        raise not_mlflow()
    return answer


def error_in(response: httpx.Response, *, doing: str) -> TrackingError:
    """The error that an answer which was read to its end stands for."""
    code, words = error_words(response)
    if response.status_code >= 500 or response.status_code in _TRY_AGAIN or "QueuePool" in words:
        return TrackingUnavailable("MLflow is overloaded or not well at the moment. It is tried again.")
    if response.status_code in (401, 403, 407):
        return TrackingUnavailable(
            "MLflow does not let Mantik in. Ask an operator to check MANTIK_MLFLOW_URI and MANTIK_MLFLOW_TOKEN."
        )
    if response.is_redirect or not code:
        return not_mlflow()
    if code == "RESOURCE_DOES_NOT_EXIST":
        return NotThere(f"MLflow refused to {doing}, because it is not there. It may have been deleted in MLflow.")
    return TrackingRefused(f"MLflow refused to {doing}{_quoted(words)}.")


def error_words(response: httpx.Response) -> tuple[str, str]:
    """MLflow's error code and message; empty when the answer is not from MLflow."""
    try:
        answer = response.json()
    except ValueError:
        return "", ""
    if not isinstance(answer, Mapping):
        return "", ""
    return str(answer.get("error_code", "")), str(answer.get("message", ""))


def not_mlflow() -> TrackingUnavailable:
    return TrackingUnavailable(
        "What answers in the place of MLflow is something else. Ask an operator to check MANTIK_MLFLOW_URI."
    )


@contextlib.contextmanager
def as_mlflow_answers() -> Iterator[None]:
    """Around taking an answer apart: one that has other parts is not from MLflow."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        raise not_mlflow() from None


def finite(value: object) -> float | None:
    """JSON has no NaN and no infinity, and MLflow writes them as words: None for these."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _quoted(words: str) -> str:
    clean = words.strip().rstrip(".")
    if not clean or len(clean) > 200 or any(word in clean.lower() for word in _INTERNALS):
        return ""
    return f": {clean}"
