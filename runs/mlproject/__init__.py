"""Reads MLproject files strictly and builds command lines from them, without importing MLflow."""

from runs.mlproject.errors import MLprojectError, ParameterErrors
from runs.mlproject.parameters import Parameter, ParameterType
from runs.mlproject.paths import mlproject_candidates
from runs.mlproject.problem import Problem
from runs.mlproject.project import EntryPoint, MLproject
from runs.mlproject.reader import parse_mlproject

__all__ = [
    "EntryPoint",
    "MLproject",
    "MLprojectError",
    "Parameter",
    "ParameterErrors",
    "ParameterType",
    "Problem",
    "mlproject_candidates",
    "parse_mlproject",
]
