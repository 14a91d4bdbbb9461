"""What a training logs, on its way to MLflow and back."""
