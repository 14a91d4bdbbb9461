"""Reads a run's stored files: which command runs, in which folder, on which resources."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from runs.backend_config import BackendConfig, BackendConfigError, parse_backend_config
from runs.job import JobRun, job_script
from runs.mlproject import EntryPoint, MLproject, MLprojectError, ParameterErrors, parse_mlproject
from runs.planning.repeatable import Repeatable


class NotPossible(Exception):
    """This run can never be submitted as it is stored; the text says why."""


@dataclass(frozen=True)
class RunFiles:
    """The two files of a run as values, and the command line with the run's parameters."""

    mlproject: MLproject
    entry_point: EntryPoint
    config: BackendConfig
    command_line: str

    @property
    def kept(self) -> frozenset[str]:
        """Paths that are packed although a pattern excludes them: the job needs them."""
        image = self.config.environment.apptainer
        local_image = image.path_in_repository(self.mlproject.directory) if image else None
        return frozenset({self.mlproject.path, local_image} - {None})  # type: ignore[arg-type]

    @property
    def has_relay(self) -> bool:
        """Whether the job is sent the relay."""
        return settings.MANTIK_RELAY and self.config.tracking.relay

    def script(self, run: JobRun) -> str:
        return job_script(
            run=run,
            config=self.config,
            command_line=self.command_line,
            project_dir=self.mlproject.directory,
            has_relay=settings.MANTIK_RELAY,
        )


def has_relay(run: Repeatable) -> bool:
    """Whether a job of `run` was sent the relay, as far as that can be told now."""
    try:
        return read_files(run).has_relay
    except NotPossible:
        return settings.MANTIK_RELAY


def read_files(run: Repeatable) -> RunFiles:
    """Read the stored files again. Raises NotPossible if this version of Mantik no longer takes them."""
    try:
        mlproject = parse_mlproject(run.mlproject_content.encode(), path=run.mlproject_path)
        entry_point = mlproject.entry_point(run.entry_point)
        config = parse_backend_config(run.backend_config_content.encode(), path=run.backend_config_path)
        return RunFiles(mlproject, entry_point, config, entry_point.command_line(run.parameters))
    except (MLprojectError, BackendConfigError, ParameterErrors) as error:
        raise NotPossible(str(error)) from None
