"""What a training logs: its MLflow run, its run token, local runs, and the gateway for MLflow's clients."""
