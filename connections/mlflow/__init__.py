"""The MLflow tracking server: starting one, and talking to it."""
