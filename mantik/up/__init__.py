"""Mantik on one machine: broker, MLflow, sandbox site, web, worker and beat as child processes."""
