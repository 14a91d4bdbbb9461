"""Has our MLflow server make runs and logged models under ids that Mantik gives, instead of ids of its own.

Mantik writes an id down before it asks for what has it. So it knows whose that is even if the answer is lost, asking
again makes nothing twice, and files that hold the id need not be changed. The id comes in a tag, which is not kept; the
gateway takes it away from everybody else. MLflow has no public way for this: a test tries it with each version.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.store.tracking import sqlalchemy_store
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from connections.mlflow.paths import ID_TAG

_next: ContextVar[str] = ContextVar("next", default="")


class KeptIds(SqlAlchemyStore):
    def create_run(self, experiment_id: str, user_id: str, start_time: int, tags: Any, run_name: str) -> Any:
        given, others = _taken(tags)
        if given and (made := _found(self.get_run, given)):
            return made
        with _given(given):
            return super().create_run(experiment_id, user_id, start_time, others, run_name)  # type: ignore[no-untyped-call]

    def create_logged_model(self, experiment_id: str, *, tags: Any = None, **options: Any) -> Any:  # type: ignore[override]
        given, others = _taken(tags)
        if given and (made := _found(self.get_logged_model, given)):
            return made
        # MLflow writes "m-" before it.
        with _given(given.removeprefix("m-")):
            return super().create_logged_model(experiment_id, tags=others, **options)


class _Ids:
    """Stands for the module uuid in MLflow's: gives the id that was asked for, once, and otherwise a new one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(uuid, name)

    def uuid4(self) -> uuid.UUID:
        given = _next.get()
        _next.set("")
        return uuid.UUID(given) if given else uuid.uuid4()


@contextmanager
def _given(text: str) -> Iterator[None]:
    token = _next.set(text)
    try:
        yield
    finally:
        _next.reset(token)


def _taken(tags: Any) -> tuple[str, list[Any]]:
    """The id in the tag, "" without one, and the other tags. Raises MlflowException if it is no id."""
    given = [tag.value for tag in tags or () if tag.key == ID_TAG]
    others = [tag for tag in tags or () if tag.key != ID_TAG]
    if not given:
        return "", others
    try:
        plain = uuid.UUID(given[0].removeprefix("m-")).hex
    except ValueError:
        raise MlflowException.invalid_parameter_value(f"The tag {ID_TAG} has to be an id.") from None
    return f"m-{plain}" if given[0].startswith("m-") else plain, others


def _found(read: Callable[[str], Any], given: str) -> Any:
    try:
        return read(given)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def keep() -> None:
    """Call it in the process of the server, before its stores are opened."""
    setattr(sqlalchemy_store, "uuid", _Ids())  # noqa: B010 - a module by its type
