"""What a site tells of its own accord."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509

from tests.contract.jobs import Submitter
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until


@dataclass
class Listener:
    """Answers every POST with `status` and keeps what came: (path, headers in lower case, document)."""

    url: str = ""
    status: int = 204
    heard: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def states(self) -> list[str]:
        return [document["status"] for _, _, document in self.heard]


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.heard.append((self.path, headers, json.loads(body)))
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/notify/run"
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def test_the_states_asked_for_arrive_in_their_order(jobs: Submitter, listener: Listener) -> None:
    wanted = {"URL": listener.url, "status": ["RUNNING", "SUCCESSFUL", "FAILED", "QUEUED"]}
    job = jobs.submit("/bin/bash", "-c", "'exit 3'", NotificationSettings=wanted)
    wait_until(lambda: "FAILED" in listener.states())
    assert listener.states() == ["QUEUED", "RUNNING", "FAILED"]
    path, headers, last = listener.heard[-1]
    assert path == "/notify/run"
    assert headers["content-type"].startswith("application/json")
    assert last == {
        "href": job.url,
        "status": "FAILED",
        "statusMessage": job.get("statusMessage")["statusMessage"],
        "batchSystemID": job.get("batchSystemID")["batchSystemID"],
        "exitCode": "3",
    }


def test_without_a_choice_running_and_the_end_are_told(jobs: Submitter, listener: Listener) -> None:
    jobs.submit("true", Notification=listener.url)
    wait_until(lambda: len(listener.heard) == 2)
    assert listener.states() == ["RUNNING", "SUCCESSFUL"]


def test_the_settings_count_more_than_the_short_form(jobs: Submitter, listener: Listener) -> None:
    settings = {"URL": f"{listener.url}/long", "status": ["SUCCESSFUL"]}
    jobs.submit("true", Notification=f"{listener.url}/short", NotificationSettings=settings)
    wait_until(lambda: bool(listener.heard))
    assert [path for path, _, _ in listener.heard] == ["/notify/run/long"]


def test_an_abort_is_told_as_a_failure(jobs: Submitter, listener: Listener) -> None:
    job = jobs.submit("sleep", "60", NotificationSettings={"URL": listener.url, "status": ["FAILED"]})
    job.until("RUNNING")
    job.act("abort")
    wait_until(lambda: bool(listener.heard))
    assert listener.heard[0][2]["statusMessage"] == "Job aborted."


def test_a_notification_is_signed_by_the_site(
    jobs: Submitter, listener: Listener, demo: httpx.Client, site: RunningSite
) -> None:
    jobs.submit("true", NotificationSettings={"URL": listener.url, "status": ["SUCCESSFUL"]})
    wait_until(lambda: bool(listener.heard))
    answer = demo.get(f"{site.base_url}/certificate", headers={"Accept": "text/plain"})
    assert answer.headers["content-type"].startswith("text/plain")
    key = x509.load_pem_x509_certificate(answer.content).public_key()
    scheme, _, token = listener.heard[0][1]["authorization"].partition(" ")
    claims = jwt.decode(token, key, algorithms=["RS256"])  # type: ignore[arg-type]
    assert scheme == "Bearer"
    assert claims["iss"] == demo.get(site.base_url).json()["server"]["credential"]["dn"]
    assert claims["sub"] == site.users["demo"].dn
    assert claims["etd"] == "true"
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 120


def test_what_was_sent_is_in_the_log_of_the_job(jobs: Submitter, listener: Listener) -> None:
    job = jobs.submit("true", NotificationSettings={"URL": listener.url, "status": ["SUCCESSFUL"]})
    wait_until(lambda: any(line.endswith(f"Notified <{listener.url}>") for line in job.get("log")["log"]))


def test_a_listener_that_refuses_is_not_asked_again(jobs: Submitter, listener: Listener) -> None:
    listener.status = 500
    wanted = {"URL": listener.url, "status": ["RUNNING", "SUCCESSFUL"]}
    job = jobs.submit("true", NotificationSettings=wanted)

    def complaints() -> int:
        return sum(f"Could not notify <{listener.url}>" in line for line in job.get("log")["log"])

    wait_until(lambda: complaints() == 2)
    assert listener.states() == ["RUNNING", "SUCCESSFUL"]
    assert job.get("status")["status"] == "SUCCESSFUL"


def test_a_listener_that_is_not_there_does_not_harm_the_job(jobs: Submitter) -> None:
    job = jobs.submit("true", Notification="http://127.0.0.1:1/nobody")
    assert job.until_over()["status"] == "SUCCESSFUL"
    wait_until(lambda: any("Could not notify" in line for line in job.get("log")["log"]))
