"""Telling a job's client that the job has moved on: one POST per state, never repeated."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from mantik.demo.sandbox.jobs import Job, State
from mantik.demo.sandbox.keys import SiteKey

_DEFAULT = (State.RUNNING, State.SUCCESSFUL, State.FAILED)
_TIMEOUT_SECONDS = 30


def wanted_notifications(description: Mapping[str, Any]) -> dict[str, Any]:
    """`{"URL": ..., "status": [...]}`, or nothing if the job wants none.

    The short form, `Notification`, does not count if the long one is there.
    """
    settings = description.get("NotificationSettings")
    if isinstance(settings, Mapping):
        url, states = settings.get("URL"), settings.get("status")
    else:
        url, states = description.get("Notification"), None
    if not url:
        return {}
    wanted = states if isinstance(states, list) and states else _DEFAULT
    return {"URL": str(url), "status": [str(state) for state in wanted]}


class Notifier:
    """Sends in a thread of its own, one after the other, so that a job's states arrive in order.

    `note(job, text)` puts a line into a job's log.
    """

    def __init__(self, *, key: SiteKey, job_url: Callable[[Job], str], note: Callable[[Job, str], None]) -> None:
        self._key = key
        self._job_url = job_url
        self._note = note
        self._events: queue.SimpleQueue[tuple[Job, State] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sandbox-notifier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop; what has not been sent yet is lost, as at a real site."""
        self._events.put(None)
        self._thread.join(2)

    def job_changed(self, job: Job, state: State) -> None:
        if state in job.notifies.get("status", ()):
            self._events.put((job, state))

    def _work(self) -> None:
        # As at a real server, the certificate of the target is not verified.
        with httpx.Client(verify=False, trust_env=False, timeout=_TIMEOUT_SECONDS) as client:  # noqa: S501
            while event := self._events.get():
                job, state = event
                url = str(job.notifies["URL"])
                failure = self._send(client, url, job, state)
                self._note(job, f"Could not notify <{url}>: {failure}" if failure else f"Notified <{url}>")

    def _send(self, client: httpx.Client, url: str, job: Job, state: State) -> str | None:
        """Send one notification; returns what went wrong, None if nothing did."""
        headers = {"Authorization": f"Bearer {self._key.delegation(job.owner)}"}
        try:
            answer = client.post(url, json=self._message(job, state), headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return str(error) or type(error).__name__
        return f"HTTP {answer.status_code}" if answer.status_code >= 400 else None

    def _message(self, job: Job, state: State) -> dict[str, str]:
        message = {
            "href": self._job_url(job),
            "status": state,
            "statusMessage": job.message,
            "batchSystemID": job.batch_id or "N/A",
        }
        if job.exit_code is not None:
            message["exitCode"] = str(job.exit_code)
        return message
