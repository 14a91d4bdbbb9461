"""Registered models: a name in the project, an entry in MLflow's registry, and a certificate of the model's origin."""
