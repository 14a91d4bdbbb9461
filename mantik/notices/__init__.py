"""Telling people what happened while they were away: under the bell, and by mail."""
