"""Mantik: a research group's ML code, and its supercomputer."""

from mantik.celery import app as celery_app

__all__ = ["celery_app"]
