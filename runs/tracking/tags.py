"""The tags by which Mantik finds runs in MLflow again. No client may set one."""

OURS = "mantik."
# The run's UUID: the MLflow run is found by it if a worker died before it stored the run's id.
RUN_TAG = f"{OURS}run"
PROJECT_TAG = f"{OURS}project"
