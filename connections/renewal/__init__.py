"""Secrets that expire: access tokens that are fetched, and tokens that are renewed in time."""
