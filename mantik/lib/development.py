"""Secrets for a machine of one's own: made once, kept in the data directory, readable by the owner only."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured


def development_secrets(data_dir: Path) -> dict[str, str]:
    """{"secret_key", "encryption_key"}; the same ones at every start, so that stored secrets still open.

    Raises ImproperlyConfigured if the data directory cannot be written, or the file in it was damaged.
    """
    path = data_dir / "development-secrets.json"
    try:
        if not path.exists():
            _write_once(path, _new())
        values: dict[str, str] = json.loads(path.read_text())
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data directory {data_dir} cannot be used: {error.strerror}. "
            "Make it writable, or name another with MANTIK_DATA_DIR."
        ) from None
    except ValueError:
        raise ImproperlyConfigured(
            f"{path} is damaged. Restore it, or remove it; what was encrypted with its key is lost then."
        ) from None
    return values


def _new() -> dict[str, str]:
    return {"secret_key": secrets.token_urlsafe(50), "encryption_key": Fernet.generate_key().decode()}


def _write_once(path: Path, values: dict[str, str]) -> None:
    """Several processes may start at once: the first to put its file in place wins, and all read that one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(values, file)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
