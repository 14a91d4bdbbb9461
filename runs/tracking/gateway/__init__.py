"""The part of MLflow's API that Mantik offers to MLflow's clients at /tracking/. MLflow itself is not reached by it."""
