"""Requests that take effect once, however often they arrive: one table of keys for forms, programs and webhooks."""
