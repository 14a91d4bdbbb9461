"""Rows of what runs have logged, from which pages draw: no page asks MLflow for a metric (runs/tracking/README.md)."""
