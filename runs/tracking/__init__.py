"""What a training logs: its MLflow run, and the gateway through which MLflow's clients read models."""
