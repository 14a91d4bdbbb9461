"""Secrets for a machine of one's own: made once, kept in the data directory, readable by the owner only."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured


def development_secrets(data_dir: Path) -> dict[str, str]:
    """{"secret_key", "encryption_key", "mlflow_token"}, the same at every start, so that stored secrets can be read.

    Raises ImproperlyConfigured if the data directory cannot be written, or a file in it was damaged.
    """
    path = data_dir / "development-secrets.json"
    try:
        values: dict[str, str] = json.loads(_once(path, _new))
        values["mlflow_token"] = mlflow_token(data_dir)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data directory {data_dir} cannot be used: {error.strerror}. "
            "Make it writable, or name another with MANTIK_DATA_DIR."
        ) from None
    except ValueError:
        raise ImproperlyConfigured(
            f"{path} is damaged. Restore it, or remove it: what was encrypted with its key is lost if you do."
        ) from None
    return values


def mlflow_token(data_dir: Path) -> str:
    """The secret of the MLflow server that `manage.py up` starts."""
    return _once(mlflow_token_file(data_dir), secrets.token_urlsafe)


def mlflow_token_file(data_dir: Path) -> Path:
    """The file that holds this secret alone. Processes get its name, so their environment holds no secret."""
    return data_dir / "mlflow-token"


def keep_mlflow_token(data_dir: Path, token: str) -> None:
    """Store `token` as the MLflow server's secret, in place of the one that is stored."""
    if mlflow_token(data_dir) != token:
        mlflow_token_file(data_dir).write_text(token)


def _new() -> str:
    return json.dumps({"secret_key": secrets.token_urlsafe(50), "encryption_key": Fernet.generate_key().decode()})


def _once(path: Path, make: Callable[[], str]) -> str:
    """The content of the file, which is first written with what `make` returns if it does not exist yet."""
    if not path.exists():
        _write_once(path, make())
    return path.read_text()


def _write_once(path: Path, text: str) -> None:
    """Write the file unless it exists. If several processes start at once, the first one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
