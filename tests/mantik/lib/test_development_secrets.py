from __future__ import annotations

import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from mantik.lib.development import development_secrets, keep_mlflow_token


def test_they_are_made_once_and_stay_the_same(tmp_path: Path) -> None:
    first = development_secrets(tmp_path / "var")
    assert len(first["secret_key"]) >= 50
    assert Fernet(first["encryption_key"])
    assert development_secrets(tmp_path / "var") == first


def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    development_secrets(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"development-secrets.json": 0o600, "mlflow-token": 0o600}


def test_mlflows_secret_joins_those_of_before_and_can_be_named(tmp_path: Path) -> None:
    before = development_secrets(tmp_path)
    (tmp_path / "mlflow-token").unlink()
    made = development_secrets(tmp_path)
    assert made["secret_key"] == before["secret_key"]
    assert len(made["mlflow_token"]) >= 32
    assert made["mlflow_token"] != before["mlflow_token"]
    keep_mlflow_token(tmp_path, "an operator's own")
    assert development_secrets(tmp_path)["mlflow_token"] == "an operator's own"
    assert stat.S_IMODE((tmp_path / "mlflow-token").stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        found = list(pool.map(development_secrets, [tmp_path] * 8))
    assert all(secrets == found[0] for secrets in found)


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ImproperlyConfigured, match="MANTIK_DATA_DIR"):
        development_secrets(tmp_path / "file")


def test_a_damaged_file_is_not_replaced(tmp_path: Path) -> None:
    """What was encrypted with its key would be lost without a word."""
    (tmp_path / "development-secrets.json").write_text("{")
    with pytest.raises(ImproperlyConfigured, match="is damaged"):
        development_secrets(tmp_path)
    assert (tmp_path / "development-secrets.json").read_text() == "{"
