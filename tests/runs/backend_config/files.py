"""Compute Backend configs to read."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from runs.backend_config import BackendConfig, BackendConfigError, parse_backend_config


def parse(text: str | bytes, path: str = "config.yaml") -> BackendConfig:
    return parse_backend_config(text.encode() if isinstance(text, str) else text, path=path)


def config(**sections: Any) -> str:
    """A small valid file, with these top-level keys changed or added."""
    return yaml.safe_dump({"Resources": {"Queue": "batch"}} | sections, allow_unicode=True)


def resources(**values: Any) -> str:
    return config(Resources={"Queue": "batch"} | values)


def environment(**values: Any) -> str:
    return config(Environment=values)


def warnings(text: str) -> list[str]:
    return [warning.message for warning in parse(text).warnings]


def refusals(text: str | bytes, path: str = "config.yaml") -> list[str]:
    """The sentences that a file is refused with."""
    with pytest.raises(BackendConfigError) as caught:
        parse(text, path)
    assert caught.value.message.startswith(f"{path}: ")
    return [problem.message for problem in caught.value.problems]
