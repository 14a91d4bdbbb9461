from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from mantik.lib.structured_logs import REDACTED, redact


def redacted(**event: Any) -> Any:
    return redact(None, "info", event)


@pytest.mark.parametrize(
    "key", ["password", "PASSPHRASE", "secret", "csrfmiddlewaretoken", "Authorization", "set-cookie", "api_key"]
)
def test_a_key_that_names_a_secret_loses_its_value(key: str) -> None:
    assert redacted(**{key: "hunter2"}) == {key: REDACTED}


def test_secrets_are_found_however_deep_they_lie() -> None:
    event = redacted(request={"headers": [{"Authorization": "Bearer abc"}, "Authorization: Bearer abcdefgh123"]})
    assert event == {"request": {"headers": [{"Authorization": REDACTED}, f"Authorization: Bearer {REDACTED}"]}}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Basic YWRhOnMzY3JldA==", "Authorization: Basic [redacted]"),
        ("fetch https://ada:hunter2@git.example.org/x failed", "fetch https://ada:[redacted]@git.example.org/x failed"),
        ("redis://:hun@ter2@127.0.0.1:6379/0", "redis://:[redacted]@127.0.0.1:6379/0"),
        ("GET /x?access_token=hunter2&page=2", "GET /x?access_token=[redacted]&page=2"),
        ("body: password=hunter2", "body: password=[redacted]"),
        (f"mantik_0123456789_{'x-_Y' * 11} is refused", "mantik_0123456789_[redacted] is refused"),
        (f"sent 'mantik_run_0123456789abcdef_{'Z' * 43}'", "sent 'mantik_run_0123456789abcdef_[redacted]'"),
        (
            "POST /notify/0b4e3a52-6f0a-4ad0-8d33-0c7f7f1f8a11/hunter2/ 204",
            "POST /notify/0b4e3a52-6f0a-4ad0-8d33-0c7f7f1f8a11/[redacted]/ 204",
        ),
    ],
)
def test_credentials_in_a_text_are_blanked_and_the_rest_is_kept(text: str, left: str) -> None:
    assert redacted(event=text) == {"event": left}


def test_an_exception_is_cleaned_too() -> None:
    assert "hunter2" not in str(redacted(error=ValueError("postgresql://m:hunter2@db/m")))


def test_what_is_no_secret_is_left_alone() -> None:
    event = {"event": "run_submitted", "run_id": 7, "site": "https://hpc.example.org:8080/SITE/rest/core", "ok": True}
    assert redacted(**event) == event


@pytest.mark.parametrize("form", ["json", "console"])
def test_the_whole_of_logging_lets_no_secret_through(form: str) -> None:
    """In a process of its own, with structlog's and the standard library's loggers, and a traceback."""
    program = f"""
import logging, logging.config, structlog
from mantik.lib.structured_logs import logging_config
logging.config.dictConfig(logging_config(form={form!r}, level="INFO"))
structlog.get_logger("mantik").info("signed_in", password="hunter2", name="ada")
logging.getLogger("other").warning("fetching %s", "https://ada:hunter2@git.example.org/")
try:
    raise ValueError("Authorization: Bearer hunter2hunter2")
except ValueError:
    structlog.get_logger("mantik").exception("failed")
    logging.getLogger("other").exception("failed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.count(REDACTED) == 4
    assert "ada" in done.stderr
    assert "ValueError" in done.stderr
    assert "hunter2" not in done.stderr
