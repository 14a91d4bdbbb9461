"""A Compute Backend config as values."""

from __future__ import annotations

import enum
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from runs.backend_config.exclude import Exclude
from runs.backend_config.units import count_words, duration_words, memory_bytes
from runs.backend_config.variables import variable_names
from runs.mlproject.problem import Problem


@dataclass(frozen=True)
class Resources:
    """What a job asks the site for. None: the site decides."""

    queue: str
    runtime_seconds: int | None = None
    nodes: int | None = None
    total_cpus: int | None = None
    cpus_per_node: int | None = None
    gpus_per_node: int | None = None
    # As written ("64G"); `memory_bytes` has the number.
    memory_per_node: str | None = None
    reservation: str | None = None
    node_constraints: str | None = None
    qos: str | None = None

    @property
    def runtime(self) -> timedelta | None:
        return None if self.runtime_seconds is None else timedelta(seconds=self.runtime_seconds)

    @property
    def memory_bytes(self) -> int | None:
        return None if self.memory_per_node is None else memory_bytes(self.memory_per_node)

    @property
    def cpus_at_most(self) -> int | None:
        """All CPUs of the job together, as far as the file says."""
        counts = [] if self.total_cpus is None else [self.total_cpus]
        if self.nodes is not None and self.cpus_per_node is not None:
            counts.append(self.nodes * self.cpus_per_node)
        return max(counts, default=None)

    def core_hours_at_most(self) -> float | None:
        """Core-hours if the job runs until its time limit; None if the file leaves a factor to the site."""
        if self.cpus_at_most is None or self.runtime_seconds is None:
            return None
        return self.cpus_at_most * self.runtime_seconds / 3600

    def describe(self) -> str:
        """In a few words: '12 nodes, 4 GPUs per node, 30 min, gpu'."""
        counts = (
            (self.nodes, "node", ""),
            (self.total_cpus, "CPU", " in total"),
            (self.cpus_per_node, "CPU", " per node"),
            (self.gpus_per_node or None, "GPU", " per node"),
        )
        words = [count_words(count, noun) + rest for count, noun, rest in counts if count is not None]
        if self.memory_per_node:
            words.append(f"{self.memory_per_node} per node")
        if self.runtime_seconds is not None:
            words.append(duration_words(self.runtime_seconds))
        return ", ".join([*words, self.queue])


class ImageType(enum.StrEnum):
    """Where an Apptainer image is: in the code repository, or at the site."""

    LOCAL = "local"
    REMOTE = "remote"


@dataclass(frozen=True)
class Apptainer:
    """An image to run in. A local `path` is relative to the MLproject's folder, a remote one absolute.

    `options` are single words for `apptainer run`; `$NAME` in them and in the path is expanded on the compute node.
    """

    path: str
    type: ImageType = ImageType.LOCAL
    options: tuple[str, ...] = ()

    def path_in_repository(self, project_directory: str) -> str | None:
        """The path of the image in the code repository; None if it is at the site, or if its path has variables."""
        if self.type is ImageType.REMOTE or variable_names(self.path):
            return None
        return posixpath.normpath(posixpath.join(project_directory, self.path))


@dataclass(frozen=True)
class Environment:
    """What surrounds the command. At most one of `apptainer` and `python` is set."""

    apptainer: Apptainer | None = None
    # The folder of a Python virtual environment at the site, absolute. `$NAME` in it, and in the names of modules, is
    # expanded on the compute node.
    python: str | None = None
    modules: tuple[str, ...] = ()
    # In the order of the file; values may hold $NAME and $(command), expanded on the compute node.
    variables: Mapping[str, str] = field(default_factory=dict)
    pre_login: tuple[str, ...] = ()
    pre_compute: tuple[str, ...] = ()
    post_compute: tuple[str, ...] = ()
    post_login: tuple[str, ...] = ()

    def describe(self) -> str:
        """In a few words: 'Apptainer image train.sif, 2 modules'."""
        base = "the site's own environment"
        if self.apptainer:
            base = f"Apptainer image {self.apptainer.path}"
        elif self.python:
            base = f"Python environment {self.python}"
        return f"{base}, {count_words(len(self.modules), 'module')}" if self.modules else base


@dataclass(frozen=True)
class Tracking:
    """How a job's training logs. Without the relay, its client talks to Mantik's `/tracking/` itself."""

    relay: bool = True
    # The relay measures the node now and then.
    system_metrics: bool = True


@dataclass(frozen=True)
class BackendConfig:
    """A Compute Backend config. `path` is relative to the root of the code repository.

    Without `unicore_api_url` the config is for any site. `warnings` say what is ignored or doubtful.
    """

    path: str
    resources: Resources
    environment: Environment = field(default_factory=Environment)
    tracking: Tracking = field(default_factory=Tracking)
    unicore_api_url: str | None = None
    exclude: Exclude = field(default_factory=Exclude)
    warnings: tuple[Problem, ...] = ()

    def describe(self) -> str:
        """The resources in a few words."""
        return self.resources.describe()

    def core_hours_at_most(self) -> float | None:
        """Core-hours if the job runs until its time limit; None if the file leaves a factor to the site."""
        return self.resources.core_hours_at_most()
