"""Carries home what the relays of jobs keep at sites: `worker.py`, for a job at a time."""
