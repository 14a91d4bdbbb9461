"""Reads the section Environment."""

from __future__ import annotations

import posixpath
import re
import shlex

from runs.backend_config.fields import Section
from runs.backend_config.schema import Apptainer, Environment, ImageType
from runs.backend_config.variables import COMMAND_FAULT, begins_with_variable, shell_fault, with_home
from runs.mlproject.wording import kind_of, shortened, shown

MAX_VARIABLES = 500
# Mantik decides where a job logs to, and as whom. With other values its results would go elsewhere, or be lost.
RESERVED = frozenset(
    {
        "MLFLOW_TRACKING_URI",
        "MLFLOW_TRACKING_TOKEN",
        "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD",
        "MLFLOW_RUN_ID",
        "MLFLOW_EXPERIMENT_ID",
        "MLFLOW_EXPERIMENT_NAME",
        "MLFLOW_REGISTRY_URI",
        "MLFLOW_WORKSPACE",
        "MANTIK_WORKING_DIRECTORY",
        "MANTIK_RUN_ID",
    }
)
# Bash refuses to set these.
_READ_ONLY = frozenset({"BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"})
# The job script's own variables begin with this.
_SCRIPT_PREFIX = "mantik_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELL_SIGNS = re.compile(r"[;&|<>()\n`]")
_COMMANDS = "Write each command as one text, in quotes."
_VENV = "Write the folder of a virtual environment at the site, for example /p/project/demo/venv or $HOME/venv."
_IMAGE = "Write the image's path under Path, and Type: local or remote."


def read_environment(section: Section | None) -> Environment:
    """The section as values; what is wrong goes to the section's report."""
    if section is None:
        return Environment()
    _one_environment(section)
    environment = Environment(
        apptainer=_apptainer(section.take_section("Apptainer", example=_IMAGE)),
        python=_python(section),
        modules=_modules(section),
        variables=_variables(section.take_section("Variables", example="Write 'NAME: value' lines below it.")),
        pre_login=section.take_texts("PreRunCommandOnLoginNode", example=_COMMANDS),
        pre_compute=section.take_texts("PreRunCommandOnComputeNode", example=_COMMANDS),
        post_compute=section.take_texts("PostRunCommandOnComputeNode", example=_COMMANDS),
        post_login=section.take_texts("PostRunCommandOnLoginNode", example=_COMMANDS),
    )
    section.finish()
    return environment


def _one_environment(section: Section) -> None:
    if section.values.get("Apptainer") is not None and section.values.get("Python") is not None:
        section.report.problem(
            section.at,
            f"{section.at} has both Apptainer and Python, but a run uses only one of them. Remove the other.",
        )


def _modules(section: Section) -> tuple[str, ...]:
    texts = section.take_texts("Modules", example="Write a list, for example [GCC, Python].")
    modules = tuple(word for text in texts if _expandable(section, "Modules", text) for word in text.split())
    for module in modules:
        if not module.isprintable() or module.startswith("-"):
            section.problem("Modules", f"has {shown(module)}, which is not a module name. Correct or remove it.")
    return modules


# Python


def _python(section: Section) -> str | None:
    value = section.values.get("Python")
    if isinstance(value, dict):
        inner = section.take_section("Python")
        assert inner is not None
        path = inner.take_text("Path", required=True, example=_VENV)
        inner.finish()
        return _venv(inner, "Path", path)
    return _venv(section, "Python", section.take_text("Python", example=_VENV))


def _venv(section: Section, name: str, path: str | None) -> str | None:
    if path is None or not _expandable(section, name, path):
        return None
    path = with_home(path)
    if not _may_be_absolute(path):
        section.problem(name, f"is {shown(path)}, but has to be an absolute path. {_VENV}")
        return None
    folder = path.rstrip("/").removesuffix("/bin/activate")
    return folder or "/"


# Paths at the site


def _expandable(section: Section, name: str, text: str) -> bool:
    fault = shell_fault(text)
    if fault:
        section.problem(name, f"has {shown(text)}, {fault}")
    return fault is None


def _may_be_absolute(path: str) -> bool:
    """Whether `path` is absolute, or begins with a variable: the job then checks it again."""
    return path.startswith("/") or begins_with_variable(path)


# Apptainer


def _apptainer(section: Section | None) -> Apptainer | None:
    if section is None:
        return None
    path = section.take_text("Path", required=True, example="Write the image's path, for example images/train.sif.")
    kind = _image_type(section)
    options = _options(section)
    section.finish()
    if path is None or kind is None or not _expandable(section, "Path", path):
        return None
    path = with_home(path)
    return Apptainer(path, _checked_image(section, path, kind), options)


def _image_type(section: Section) -> ImageType | None:
    word = section.take_text("Type", example="Write local or remote.")
    if word is None:
        return ImageType.LOCAL
    if word.lower() in ("local", "remote"):
        return ImageType(word.lower())
    section.problem("Type", f"is {shown(word)}. Write local (in the code repository) or remote (at the site).")
    return None


def _checked_image(section: Section, path: str, kind: ImageType) -> ImageType:
    absolute = _may_be_absolute(path)
    if kind is ImageType.REMOTE and not absolute:
        section.problem(
            "Path",
            f"is {shown(path)}, but the path of a remote image has to be absolute. Begin it with / or $NAME.",
        )
    elif kind is ImageType.LOCAL and absolute:
        in_code = "" if path.startswith("/") else f", or ./{shortened(path)} for one in the code"
        section.warn("Path", f"is {shown(path)}, which is taken as a path at the site. Write Type: remote{in_code}.")
        return ImageType.REMOTE
    elif kind is ImageType.LOCAL and posixpath.normpath(path) == ".":
        section.problem("Path", f"is {shown(path)}, which is not a file. Name the image file.")
    return kind


def _options(section: Section) -> tuple[str, ...]:
    words: list[str] = []
    for option in section.take_texts("Options", example="Write a list, for example ['--nv']."):
        words += _option_words(section, option)
    return tuple(words)


def _option_words(section: Section, option: str) -> list[str]:
    fault = COMMAND_FAULT if _SHELL_SIGNS.search(option) else shell_fault(option)
    if fault:
        section.problem("Options", f"has {shown(option)}, {fault}")
        return []
    try:
        return [with_home(word) for word in shlex.split(option)]
    except ValueError:
        section.problem("Options", f"has {shown(option)}, with a quote that is not closed. Close it.")
        return []


# Variables


def _variables(section: Section | None) -> dict[str, str]:
    if section is None:
        return {}
    if len(section.values) > MAX_VARIABLES:
        section.report.problem(section.at, f"{section.at} has more than {MAX_VARIABLES} entries. Set them in a script.")
        return {}
    variables = {name: _variable(section, name, value) for name, value in section.values.items()}
    return {name: value for name, value in variables.items() if value is not None}


def _variable(section: Section, name: str, value: object) -> str | None:
    plain = shortened(name)
    if not _NAME.fullmatch(name):
        section.problem(plain, "is not a name for a variable. Use letters, digits and _, not beginning with a digit.")
    elif name in _READ_ONLY or name.startswith(_SCRIPT_PREFIX):
        section.problem(plain, "is a name that the job script cannot set. Choose another name.")
    elif name in RESERVED:
        section.warn(plain, "is set by Mantik, so the value here is not used. Remove it.")
    elif value is None:
        section.warn(plain, 'has no value, and is set to an empty text. Write "" to say so.')
        return ""
    elif isinstance(value, dict | list):
        section.problem(plain, f"is {kind_of(value)}, but has to be a single value. Put it in quotes.")
    elif isinstance(value, bool):
        return "true" if value else "false"
    else:
        return str(value)
    return None
