"""Checks of `make lint` that no tool brings."""
