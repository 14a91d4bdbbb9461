"""The results of runs: metrics and artifacts."""
