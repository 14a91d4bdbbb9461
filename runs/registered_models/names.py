"""Checks names of models and aliases, and makes the model's name in MLflow's registry."""

from __future__ import annotations

import re

from projects.models import Project
from runs.registered_models.models import LONGEST_ALIAS, LONGEST_NAME

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ALIAS = re.compile(r"[a-z][a-z0-9_-]*")
# These have a meaning of their own in MLflow: the newest version, and a version by its number.
_TAKEN_ALIAS = re.compile(r"latest|v[0-9]+")


def problem_with_name(name: str) -> str:
    """What is wrong with `name` as a name of a model, as a sentence; "" for a good one."""
    if not name:
        return "Enter a name for the model."
    if len(name) > LONGEST_NAME:
        return f"A name may have at most {LONGEST_NAME} characters; this one has {len(name)}. Shorten it."
    if not _NAME.fullmatch(name):
        return (
            "A name may contain only letters A to Z, digits, dots, hyphens and underscores. It must begin with a "
            "letter or digit."
        )
    return ""


def problem_with_alias(alias: str) -> str:
    """What is wrong with `alias` as an alias, as a sentence; "" for a good one."""
    if not alias:
        return "Enter an alias, for example champion."
    if len(alias) > LONGEST_ALIAS:
        return f"An alias may have at most {LONGEST_ALIAS} characters; this one has {len(alias)}. Shorten it."
    if not _ALIAS.fullmatch(alias):
        return (
            "An alias may contain only lower-case letters, digits, hyphens and underscores. It must begin with a "
            "letter."
        )
    if _TAKEN_ALIAS.fullmatch(alias):
        return f"{alias} has a meaning of its own in MLflow. Choose another alias."
    return ""


def registry_name(project: Project, name: str) -> str:
    """The model's name in MLflow's registry. It is unique there: no two projects ever have the same number."""
    return f"p{project.pk}--{name}"
