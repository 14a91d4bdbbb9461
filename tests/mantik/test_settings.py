"""The settings as a process finds them: each test starts one with an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.support.places import TOP

SHOWN = ("DEBUG", "SECRET_KEY", "DATABASES", "CELERY_BROKER_URL", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE")
SHOW = f"""
import json
from django.conf import settings
print(json.dumps({{name: getattr(settings, name) for name in {SHOWN!r}}}, default=str))
"""


def production(**changes: str) -> dict[str, str]:
    return {
        "MANTIK_SECRET_KEY": "k" * 40 + "0123456789",
        "MANTIK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "MANTIK_ALLOWED_HOSTS": "mantik.example.org",
        "MANTIK_BASE_URL": "https://mantik.example.org",
        "MANTIK_DATABASE_URL": "postgresql://mantik:hunter2@db/mantik",
        "MANTIK_BROKER_URL": "redis://:hunter2@broker/0",
        "MANTIK_MLFLOW_URI": "http://mlflow:5000",
        "MANTIK_MLFLOW_TOKEN": "0123456789abcdefghijklmnopqrstuv",
    } | changes


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MANTIK_")}
    # The first is a person's, and the second what a browser in this process has set.
    for name in ("PORT", "DJANGO_ALLOW_ASYNC_UNSAFE"):
        own.pop(name, None)
    return subprocess.run(
        [sys.executable, *command],
        cwd=TOP,
        env=own | {"DJANGO_SETTINGS_MODULE": "mantik.settings"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def settings_with(**environment: str) -> dict[str, Any]:
    done = run("-c", SHOW, **environment)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_start_without_any_setting_names_all_that_are_missing(tmp_path: Path) -> None:
    done = run("manage.py", "check", MANTIK_DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    names = ", ".join(production())
    assert done.stderr.startswith(f"These settings are missing: {names}. Set them in the environment")
    assert "Traceback" not in done.stderr
    # It has not made up anything, either.
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", list(production()))
def test_no_production_setting_can_be_left_out(name: str) -> None:
    left = production()
    del left[name]
    done = run("manage.py", "check", **left)
    assert done.returncode == 1
    assert done.stderr.startswith(f"These settings are missing: {name}.")


def test_bad_values_are_all_explained_and_never_repeated() -> None:
    wrong = production(
        MANTIK_ENCRYPTION_KEYS="hunter2",
        MANTIK_DATABASE_URL="mysql://mantik:hunter2@db/mantik",
        MANTIK_BROKER_URL="amqp://mantik:hunter2@broker",
        MANTIK_BROKER_PREFIX="hunter2*",
        MANTIK_MLFLOW_URI="http://mantik:hunter2@mlflow:5000",
        MANTIK_EMAIL_URL="imap://mantik:hunter2@mail",
        MANTIK_POLL_SECONDS="often",
        MANTIK_LOG_FORMAT="xml",
        PORT="http",
    )
    done = run("manage.py", "check", **wrong)
    assert done.returncode == 1
    told = {line.partition(":")[0].split()[0] for line in done.stderr.splitlines()}
    assert told == set(wrong) - set(production()) | {
        "MANTIK_ENCRYPTION_KEYS",
        "MANTIK_DATABASE_URL",
        "MANTIK_BROKER_URL",
        "MANTIK_MLFLOW_URI",
    }
    assert "missing" not in done.stderr
    assert "hunter2" not in done.stderr


def test_jobs_log_to_mantik_itself() -> None:
    show = "from django.conf import settings; print(settings.MANTIK_TRACKING_URI)"
    inside = "https://inside.example.org/tracking"
    assert run("-c", show, **production()).stdout.strip() == "https://mantik.example.org/tracking"
    assert run("-c", show, **production(MANTIK_TRACKING_URI=f"{inside}/")).stdout.strip() == inside


def test_a_token_that_all_jobs_shared_is_refused_with_what_to_do() -> None:
    done = run("manage.py", "check", **production(MANTIK_TRACKING_TOKEN="hunter2"))
    assert done.returncode == 1
    assert done.stderr.startswith("MANTIK_TRACKING_TOKEN: it has no meaning any more, because each job logs")
    assert "hunter2" not in done.stderr


def test_keys_that_are_only_a_comma_are_no_keys() -> None:
    done = run("manage.py", "check", **production(MANTIK_ENCRYPTION_KEYS=" , "))
    assert done.returncode == 1
    assert done.stderr.startswith("MANTIK_ENCRYPTION_KEYS: it holds no key")


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    value = "from-the-file-" + "0123456789" + "abcdefghijklmnopqrstuvwxyz"
    secret.write_text(f"{value}\n")
    given = production(MANTIK_SECRET_KEY_FILE=str(secret))
    del given["MANTIK_SECRET_KEY"]
    assert settings_with(**given)["SECRET_KEY"] == value


def test_production_is_closed_by_default() -> None:
    found = settings_with(**production())
    assert found["DEBUG"] is False
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["ALLOWED_HOSTS"] == ["mantik.example.org"]


def test_pages_with_details_of_errors_need_a_machine_of_ones_own() -> None:
    assert settings_with(**production(MANTIK_DEBUG_PAGES="1"))["DEBUG"] is False


def test_a_machine_of_ones_own_needs_no_setting(tmp_path: Path) -> None:
    place = {"MANTIK_DEBUG": "1", "MANTIK_DATA_DIR": str(tmp_path / "c# and 100%")}
    found = settings_with(**place)
    assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "c# and 100%" / "mantik.sqlite3")
    assert found["SECRET_KEY"] == settings_with(**place)["SECRET_KEY"]


def test_a_deployment_passes_djangos_own_checks() -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **production())
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_deployment_that_no_site_could_reach_is_told_so() -> None:
    done = run("manage.py", "check", "--deploy", **production(MANTIK_BASE_URL="https://localhost"))
    assert "(mantik.W001) MANTIK_BASE_URL is https://localhost: each machine reaches only itself" in done.stderr


def test_the_models_have_all_their_migrations(tmp_path: Path) -> None:
    environment = {"MANTIK_DEBUG": "1", "MANTIK_DATA_DIR": str(tmp_path)}
    done = run("manage.py", "makemigrations", "--check", "--dry-run", **environment)
    assert done.returncode == 0, done.stdout


def test_a_provider_is_not_half_named() -> None:
    done = run("manage.py", "check", **production(MANTIK_OIDC_ISSUER="https://id.example.org"))
    assert done.returncode == 1
    assert done.stderr.startswith("These settings are missing: MANTIK_OIDC_CLIENT_ID, MANTIK_OIDC_CLIENT_SECRET.")


@pytest.mark.parametrize(("environment", "policy"), [({"MANTIK_DEBUG": "1"}, "open"), (production(), "invited")])
def test_who_may_sign_up_is_stricter_in_production(environment: dict[str, str], policy: str, tmp_path: Path) -> None:
    show = "from django.conf import settings; print(settings.MANTIK_SIGN_UP)"
    assert run("-c", show, **environment, MANTIK_DATA_DIR=str(tmp_path)).stdout.strip() == policy


def test_the_way_to_the_provider_is_in_the_content_security_policy(tmp_path: Path) -> None:
    named = production(
        MANTIK_OIDC_ISSUER="https://id.example.org/realms/x", MANTIK_OIDC_CLIENT_ID="m", MANTIK_OIDC_CLIENT_SECRET="s"
    )
    show = "from django.conf import settings; print(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
    assert "'https://id.example.org'" in run("-c", show, **named, MANTIK_DATA_DIR=str(tmp_path)).stdout
