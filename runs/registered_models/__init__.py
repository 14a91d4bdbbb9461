"""Models of finished runs: a name in the project, an entry in MLflow's registry, a certificate of where it is from."""
