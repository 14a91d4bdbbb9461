"""What Mantik promises in numbers, measured: `python -m bench [--only PREFIX]`. docs/benchmarks.md explains them."""
