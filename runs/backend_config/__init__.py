"""Reads Compute Backend config files: resources, environment and exclusions of a run on a UNICORE site."""

from runs.backend_config.address import same_site
from runs.backend_config.errors import BackendConfigError
from runs.backend_config.exclude import Exclude, ExcludeTooSlow
from runs.backend_config.queues import ACCOUNT, QueueLimits, check_against_queues
from runs.backend_config.reader import parse_backend_config
from runs.backend_config.schema import Apptainer, BackendConfig, Environment, ImageType, Resources, Tracking
from runs.backend_config.units import duration_words, memory_words
from runs.mlproject.problem import Problem

__all__ = [
    "ACCOUNT",
    "Apptainer",
    "BackendConfig",
    "BackendConfigError",
    "Environment",
    "Exclude",
    "ExcludeTooSlow",
    "ImageType",
    "Problem",
    "QueueLimits",
    "Resources",
    "Tracking",
    "check_against_queues",
    "duration_words",
    "memory_words",
    "parse_backend_config",
    "same_site",
]
