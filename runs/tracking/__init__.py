"""What a training logs: the way to MLflow, and reading it from outside."""
