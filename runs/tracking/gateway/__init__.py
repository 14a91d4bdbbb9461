"""The part of MLflow's API that Mantik offers to MLflow's clients at /tracking/. No request is passed on as it came."""
