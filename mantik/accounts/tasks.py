"""Periodic tasks of accounts."""

from celery import shared_task

from mantik.accounts.sessions import SessionStore


@shared_task
def sweep_sessions() -> None:
    """Delete sessions that have ended."""
    SessionStore.clear_expired()
