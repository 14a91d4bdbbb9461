"""Production does not start with a secret that can be guessed, nor open to every name: in no process."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from mantik.lib.strength import exact_hosts, exact_origins, strong_key, strong_token
from tests.mantik.test_settings import production, run

GOOD = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
# (setting, value, a part of what is said)
WEAK = [
    ("MANTIK_SECRET_KEY", "x", "can be guessed"),
    ("MANTIK_SECRET_KEY", GOOD[:49], "50 characters"),
    ("MANTIK_SECRET_KEY", "change-me" * 6, "can be guessed"),
    ("MANTIK_SECRET_KEY", "k" * 60, "can be guessed"),
    ("MANTIK_SECRET_KEY", f"django-insecure-{GOOD}", "can be guessed"),
    ("MANTIK_ENCRYPTION_KEYS", base64.urlsafe_b64encode(bytes(32)).decode(), "key 1 can be guessed"),
    ("MANTIK_ALLOWED_HOSTS", "*", "List the names"),
    ("MANTIK_ALLOWED_HOSTS", "mantik.example.org,*", "List the names"),
    ("MANTIK_ALLOWED_HOSTS", "*.example.org", ".example.org stands for"),
    ("MANTIK_ALLOWED_HOSTS", ".", "List the names"),
    ("MANTIK_ALLOWED_HOSTS", " , ", "it is empty"),
    ("MANTIK_CSRF_TRUSTED_ORIGINS", "https://*", "a * alone"),
    ("MANTIK_CSRF_TRUSTED_ORIGINS", "*", "https://other.example.org"),
    ("MANTIK_MLFLOW_TOKEN", "hunter2", "32 characters"),
    ("MANTIK_MLFLOW_TOKEN", f"{GOOD} and more", "HTTP header"),
    ("MANTIK_METRICS_TOKEN", "metrics", "32 characters"),
]
SERVING = {
    "the web server": ("-m", "mantik.up.web", "127.0.0.1", "0", "1"),
    "a worker": ("-m", "celery", "--app", "mantik", "worker"),
    "beat": ("-m", "celery", "--app", "mantik", "beat"),
    "migrate": ("manage.py", "migrate"),
    "up": ("manage.py", "up"),
}


@pytest.mark.parametrize(("name", "value", "said"), WEAK)
def test_what_can_be_guessed_is_refused_and_not_repeated(name: str, value: str, said: str) -> None:
    done = run("manage.py", "check", **production(**{name: value}))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name}: ")
    assert said in done.stderr
    assert value.strip(" ,*.") in ("", "mantik.example.org", "example.org", "https://") or value not in done.stderr


@pytest.mark.parametrize("command", SERVING.values(), ids=list(SERVING))
def test_every_process_refuses_to_start(command: tuple[str, ...], tmp_path: Path) -> None:
    weak = production(
        MANTIK_SECRET_KEY="x", MANTIK_ALLOWED_HOSTS="*", MANTIK_DEBUG="0", MANTIK_DATA_DIR=str(tmp_path / "var")
    )
    done = run(*command, **weak)
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "MANTIK_SECRET_KEY: it can be guessed" in told
    assert "MANTIK_ALLOWED_HOSTS: a * would allow every name" in told


def test_what_is_random_and_exact_passes() -> None:
    assert strong_key(GOOD) == GOOD
    assert strong_token(GOOD[:32]) == GOOD[:32]
    assert exact_hosts("mantik.example.org, .example.org,[::1]") == ["mantik.example.org", ".example.org", "[::1]"]
    assert exact_origins("https://a.example.org,https://*.example.org") == [
        "https://a.example.org",
        "https://*.example.org",
    ]
    assert exact_origins("") == []


def test_a_machine_of_ones_own_may_be_as_it_likes(tmp_path: Path) -> None:
    done = run(
        *("manage.py", "check"),
        MANTIK_DEBUG="1",
        MANTIK_SECRET_KEY="x",
        MANTIK_ALLOWED_HOSTS="*",
        MANTIK_DATA_DIR=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
