"""Sweeping."""

from celery import shared_task

from mantik.accounts.sessions import SessionStore


@shared_task
def sweep_sessions() -> None:
    """Forget those that are over."""
    SessionStore.clear_expired()
