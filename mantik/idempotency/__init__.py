"""Requests that make something once, however often they arrive: one table of keys for forms, programs and hooks."""
