"""What MLflow's clients may ask of Mantik, at /tracking/. MLflow itself is not reached through it."""
