"""The typed parameters of an entry point, and the checks of their values."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from runs.mlproject.wording import kind_of, shown

MAX_VALUE_LENGTH = 4096


class ParameterType(enum.StrEnum):
    """What a value has to look like. MLflow documents four of them; files use the others too."""

    STRING = "string"
    FLOAT = "float"
    INT = "int"
    BOOL = "bool"
    PATH = "path"
    URI = "uri"
    # Any other word: MLflow accepts it as a type, and accepts any value for it.
    UNKNOWN = "unknown"

    @property
    def with_article(self) -> str:
        return f"an {self}" if self is ParameterType.INT else f"a {self}"


TYPE_NAMES = {kind.value: kind for kind in ParameterType if kind is not ParameterType.UNKNOWN}
# The types that MLflow checks; it accepts any value for the others.
MLFLOW_CHECKS = (ParameterType.PATH, ParameterType.URI)
_ALIASES = {
    "str": ParameterType.STRING,
    "text": ParameterType.STRING,
    "integer": ParameterType.INT,
    "boolean": ParameterType.BOOL,
    "double": ParameterType.FLOAT,
    "number": ParameterType.FLOAT,
}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE)
# Defaults that mean "no value". Programs accept them as well as values of the declared type.
_NOTHING = ("", "None")
_BOOLS = frozenset({"true", "false", "yes", "no", "on", "off", "1", "0"})


def parameter_type(word: str) -> ParameterType | None:
    """The type that `word` names, in upper or lower case, or by another usual name; None if there is none."""
    return (TYPE_NAMES | _ALIASES).get(word.strip().lower())


class BadValueError(Exception):
    """`reason` completes the sentence 'learning_rate ...'."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Parameter:
    """One parameter of an entry point. `default` is the text that MLflow would put into the command.

    `unknown_type` is the type as the file has it, if Mantik does not know it. `note` says in a few words that the
    default does not fit the type, which is no error.
    """

    name: str
    type: ParameterType
    default: str | None = None
    unknown_type: str = ""
    description: str = ""
    note: str = ""

    @property
    def required(self) -> bool:
        return self.default is None

    @property
    def declared(self) -> str:
        """The type for people: Mantik's name for it, or what the file says if Mantik does not know it."""
        return self.unknown_type or str(self.type)

    @property
    def help(self) -> str:
        """The help text of its field: description, default and note."""
        value = "required" if self.default is None else f"default {self.default.strip() or 'empty'}"
        note = f" ({self.note})" if self.note else ""
        return " · ".join(filter(None, [self.description, f"{value}{note}"]))

    def clean(self, value: object) -> str | None:
        """The value as text, or None if none was given. Raises BadValueError.

        A blank counts as not given, except for a string. The default is always accepted, except for the types that
        MLflow checks itself. If the default does not fit its type, other values are not checked, either.
        """
        text = as_text(value)
        if text is None or self.type is ParameterType.STRING:
            return text
        text = text.strip()
        if text == (self.default or "").strip() and self.type not in MLFLOW_CHECKS:
            return self.default
        if text and self._type_counts:
            _CHECKS[self.type](text)
        return text or None

    def fallback(self) -> str | None:
        """The default, for a value that was not given. Raises BadValueError if MLflow would not take it either."""
        fault = self.default_fault
        if fault and self.type in MLFLOW_CHECKS:
            raise BadValueError(fault)
        return self.default

    @property
    def default_fault(self) -> str | None:
        """Why the default is no value of the declared type: the end of a sentence that begins with the name."""
        text = (self.default or "").strip()
        if not text or self.type not in _CHECKS:
            return None
        try:
            _CHECKS[self.type](text)
        except BadValueError as error:
            return error.reason
        return None

    @property
    def _type_counts(self) -> bool:
        """Whether values are checked against the type.

        If the default does not fit, the author has declared the wrong type. The defaults None and "" are no such sign:
        authors write them for "no value".
        """
        if self.type not in _CHECKS:
            return False
        if self.type in MLFLOW_CHECKS or self.default in _NOTHING:
            return True
        return self.default_fault is None


def as_text(value: object) -> str | None:
    """A single value as MLflow would write it: `str(value)`; None for None. Raises BadValueError."""
    if value is None:
        return None
    if not isinstance(value, str | int | float):
        raise BadValueError(f"is {kind_of(value)}, but has to be a single value.")
    text = str(value)
    if len(text) > MAX_VALUE_LENGTH:
        raise BadValueError(f"has {len(text):,} characters; at most {MAX_VALUE_LENGTH:,} are allowed.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadValueError("contains a character that cannot be part of a command line. Remove it.")
    return text


def _check_int(text: str) -> None:
    if not _INT.fullmatch(text):
        raise BadValueError(f"is {shown(text)}, which is not a whole number. Write, for example, 3.")


def _check_float(text: str) -> None:
    if not _FLOAT.fullmatch(text):
        raise BadValueError(f"is {shown(text)}, which is not a number. Write, for example, 0.5 or 1e-3.")


def _check_bool(text: str) -> None:
    if text.lower() not in _BOOLS:
        raise BadValueError(f"is {shown(text)}, which is neither true nor false. Write true or false.")


def _check_uri(text: str) -> None:
    try:
        scheme = urlsplit(text).scheme
    except ValueError:
        scheme = ""
    if not scheme:
        raise BadValueError(f"is {shown(text)}, which is not a URI. Write, for example, s3://bucket/data.csv.")


def _check_path(text: str) -> None:
    if "\n" in text:
        raise BadValueError("contains a line break. Remove it.")


_CHECKS = {
    ParameterType.INT: _check_int,
    ParameterType.FLOAT: _check_float,
    ParameterType.BOOL: _check_bool,
    ParameterType.URI: _check_uri,
    ParameterType.PATH: _check_path,
}
