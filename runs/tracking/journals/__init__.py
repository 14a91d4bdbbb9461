"""What relays wrote: read from where it is (`source.py`), taken apart as a stranger's text, and applied to MLflow."""
