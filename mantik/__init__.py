"""Mantik runs the ML code of a research group on its supercomputer."""

from mantik.celery import app as celery_app

__all__ = ["celery_app"]
