"""Secrets that end: access tokens that are fetched, and tokens that are renewed before they do."""
