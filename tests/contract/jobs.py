"""Jobs of a test, at the level of HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.support.sites import RunningSite
from tests.support.waiting import wait_until

OVER = ("SUCCESSFUL", "FAILED")
BYTES = {"Accept": "application/octet-stream", "Content-Type": "application/octet-stream"}


@dataclass(frozen=True)
class SiteJob:
    """One job, seen by the login of `client`."""

    url: str
    base_url: str
    client: httpx.Client

    @property
    def id(self) -> str:
        return self.url.rsplit("/", 1)[1]

    @property
    def storage(self) -> str:
        return f"{self.base_url}/storages/{self.id}-uspace"

    def file_url(self, path: str) -> str:
        return f"{self.storage}/files/{path}"

    def get(self, fields: str = "") -> dict[str, Any]:
        answer = self.client.get(self.url, params={"fields": fields} if fields else {})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def act(self, name: str) -> int:
        return self.client.post(f"{self.url}/actions/{name}", json={}).status_code

    def until(self, *states: str) -> dict[str, Any]:
        """Wait for one of the states; the job's properties then."""
        wait_until(lambda: self._state() in states)
        return self.get()

    def _state(self) -> str | None:
        """None right after the submission, when a real server may not find what it has just accepted."""
        answer = self.client.get(self.url, params={"fields": "status"})
        if answer.status_code == 500 and "ResourceUnknownException" in answer.text:
            return None
        assert answer.status_code == 200, answer.text
        return str(answer.json()["status"])

    def until_over(self) -> dict[str, Any]:
        return self.until(*OVER)

    def until_staged(self) -> None:
        """Until its directory is there and it waits for its start."""
        wait_until(lambda: self.client.get(self.storage, params={"fields": "resourceStatus"}).json() == _READY)
        self.until("READY")
        wait_until(lambda: self.get("consumedTime")["consumedTime"]["stage-in"] != "N/A")

    def put(self, path: str, content: bytes) -> httpx.Response:
        return self.client.put(self.file_url(path), content=content, headers=BYTES)

    def read(self, path: str, *, bytes_: str | None = None) -> httpx.Response:
        headers = BYTES | ({"Range": f"bytes={bytes_}"} if bytes_ else {})
        return self.client.get(self.file_url(path), headers=headers)

    def stat(self, path: str) -> httpx.Response:
        return self.client.get(self.file_url(path))


_READY = {"resourceStatus": "READY"}


class Submitter:
    """`submit(...)` posts a job as the demo user; `tag` is the test's own."""

    def __init__(self, site: RunningSite, client: httpx.Client) -> None:
        self.site = site
        self.client = client
        self.tag = f"mantik-{uuid4()}"
        self.jobs: list[SiteJob] = []

    def post(self, description: Mapping[str, Any]) -> httpx.Response:
        # Not by `json=`: that does not take all that JSON can say.
        headers = {"Content-Type": "application/json"}
        return self.client.post(f"{self.site.base_url}/jobs", content=json.dumps(description), headers=headers)

    def submit(self, executable: str = "true", *arguments: str, **more: Any) -> SiteJob:
        """Without an executable the description names none."""
        description: dict[str, Any] = {"Tags": [self.tag]}
        if executable:
            description |= {"Executable": executable, "Arguments": list(arguments)}
        answer = self.post(description | more)
        assert answer.status_code == 201, answer.text
        job = SiteJob(answer.headers["location"], self.site.base_url, self.client)
        self.jobs.append(job)
        return job

    def submit_waiting(self, executable: str = "true", *arguments: str, **more: Any) -> SiteJob:
        """A job that waits for its start, its directory ready."""
        job = self.submit(executable, *arguments, haveClientStageIn="true", **more)
        job.until_staged()
        return job

    def shell(self, script: str, **more: Any) -> SiteJob:
        """A job that runs a bash script."""
        return self.submit("/bin/bash", "script.sh", Imports=[inline("script.sh", script)], **more)

    def listed(self, **query: Any) -> list[str]:
        return list(self.listing(**query).json()["jobs"])

    def listing(self, **query: Any) -> httpx.Response:
        answer = self.client.get(f"{self.site.base_url}/jobs", params=query)
        assert answer.status_code == 200, answer.text
        return answer


def inline(path: str, data: str | list[str], **more: Any) -> dict[str, Any]:
    return {"From": "inline://test", "To": path, "Data": data, **more}
