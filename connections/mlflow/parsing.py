"""MLflow's answers, checked: a JSON object, or an error in plain words."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from connections.mlflow.errors import (
    NOT_LET_IN,
    NOT_MLFLOW,
    NOT_WELL,
    NotThere,
    TrackingError,
    TrackingRefused,
    TrackingUnavailable,
)

_TRY_AGAIN = {408, 425, 429}
_NO_LOGIN = {"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"}
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
    """The error that a bad answer stands for. The answer has to be read to its end."""
    code, words = error_words(response)
    if response.status_code >= 500 or response.status_code in _TRY_AGAIN:
        return TrackingUnavailable(NOT_WELL)
    if response.status_code in (401, 403, 407):
        return TrackingUnavailable(NOT_LET_IN)
    if response.is_redirect:
        return not_mlflow()
    return refusal(code, words, doing=doing)


def refusal(code: str, words: str, *, doing: str) -> TrackingError:
    """The error that MLflow's code and message stand for. An answer without a code is not from MLflow."""
    if not code:
        return not_mlflow()
    if "QueuePool" in words:
        return TrackingUnavailable(NOT_WELL)
    if code in _NO_LOGIN:
        return TrackingUnavailable(NOT_LET_IN)
    if code == "RESOURCE_DOES_NOT_EXIST":
        return not_there(doing)
    return TrackingRefused(f"MLflow refused to {doing}{_quoted(words)}.")


def not_there(doing: str) -> TrackingError:
    return NotThere(f"MLflow could not {doing}: it is not there. It may have been deleted in MLflow.")


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
    return TrackingUnavailable(NOT_MLFLOW)


@contextlib.contextmanager
def as_mlflow_answers() -> Iterator[None]:
    """Around code that takes an answer apart: if parts are missing, the answer is not from MLflow, and this says so."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        raise not_mlflow() from None


def required(text: str | None) -> str:
    """`text`, which MLflow never leaves out. Raises the error of `not_mlflow` if it is empty."""
    if not text:
        raise not_mlflow()
    return str(text)


def finite(value: object) -> float | None:
    """`value` as a number; None for NaN and infinity, which MLflow writes as words because JSON has neither."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def words_for_strangers(words: str, *, most: int = 1000) -> str:
    """MLflow's own words; "" if they are longer than `most`, or have something of the layers below it."""
    clean = words.strip()
    return "" if len(clean) > most or any(word in clean.lower() for word in _INTERNALS) else clean


def _quoted(words: str) -> str:
    clean = words_for_strangers(words, most=200).rstrip(".")
    return f": {clean}" if clean else ""
