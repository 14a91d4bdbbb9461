"""Deleting one's account, which concerns every app."""
