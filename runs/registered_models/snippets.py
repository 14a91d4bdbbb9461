"""Writes code for loading a registered model elsewhere, to be copied and run as it is."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from runs.registered_models.models import RegisteredModel


class Snippet(NamedTuple):
    """Code to copy. `title` says what it does, and where."""

    title: str
    code: str


def loading_help(model: RegisteredModel, *, base_url: str) -> list[Snippet]:
    """Code for plain `mlflow` and the personal access token of somebody who may download from the project.

    `base_url` is the address of Mantik's pages; that for MLflow's clients is below it.
    """
    server, uri, folder = f"{base_url}/tracking", model.uri, model.name
    start = _PYTHON.format(server=server)
    return [
        Snippet("Load it in Python", f'{start}\nmodel = mlflow.pyfunc.load_model("{uri}")\n'),
        Snippet(
            "Download it in Python",
            f'{start}\nmlflow.artifacts.download_artifacts("{uri}", dst_path="{folder}")\n',
        ),
        Snippet("Sign in, in a shell", _SIGN_IN.format(server=shlex.quote(server))),
        Snippet("Then download it", f"mlflow artifacts download --artifact-uri {uri} --dst-path {folder}\n"),
    ]


# A token that is in the environment is used. One that is typed in stays out of the history of notebooks and shells.
_PYTHON = """\
import getpass
import os

import mlflow

mlflow.set_tracking_uri("{server}")
if "MLFLOW_TRACKING_TOKEN" not in os.environ:
    os.environ["MLFLOW_TRACKING_TOKEN"] = getpass.getpass("Personal access token: ")
"""
# The line that reads from the keyboard comes last: it would swallow a line that was pasted after it.
_SIGN_IN = """\
export MLFLOW_TRACKING_URI={server}
export MLFLOW_TRACKING_TOKEN
printf "Personal access token: "; read -rs MLFLOW_TRACKING_TOKEN
"""
