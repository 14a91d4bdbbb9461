"""Follows a job at its site until the run has ended: state, log, outcome."""
