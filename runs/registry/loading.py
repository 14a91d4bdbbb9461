"""How to load a registered model, in lines to copy."""

from __future__ import annotations

from typing import NamedTuple

from runs.registry.models import RegisteredModel


class Snippet(NamedTuple):
    title: str
    code: str


def loading_help(model: RegisteredModel, *, base_url: str) -> list[Snippet]:
    """`base_url` is Mantik's own, without a slash at the end."""
    shell = f"export MLFLOW_TRACKING_URI={base_url}/tracking\nexport MLFLOW_TRACKING_TOKEN=<your access token>\n"
    python = f'import mlflow\n\nmodel = mlflow.pyfunc.load_model("{model.uri}")\n'
    return [Snippet("Shell", shell), Snippet("Python", python)]
