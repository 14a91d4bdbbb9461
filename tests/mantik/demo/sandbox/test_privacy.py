"""What a job and other users get to see, and what they do not."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from mantik.demo.sandbox.gate import Gate, NotAdmitted
from mantik.demo.sandbox.http_server import Body, Request
from mantik.demo.sandbox.sandbox_site import SandboxSite
from mantik.demo.sandbox.users import generated_users
from tests.contract.jobs import BYTES, Submitter, inline
from tests.support.sites import RunningSite


def test_a_job_does_not_inherit_the_settings_of_the_platform(jobs: Submitter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANTIK_SECRET_KEY", "of-the-platform")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody")
    job = jobs.submit("/usr/bin/env")
    job.until_over()
    names = {line.partition("=")[0] for line in job.read("stdout").text.splitlines()}
    assert "PATH" in names
    assert not {name for name in names if name.startswith(("MANTIK_", "AWS_"))}


def test_files_of_a_job_are_private_from_their_first_byte(jobs: Submitter, sandbox: RunningSite) -> None:
    job = jobs.submit_waiting(Imports=[inline("plain", "x"), inline("open", "x", Permissions="rwxrwxrwx")])
    job.put("uploaded", b"x")
    directory = sandbox.directory / job.id
    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}
    assert modes == {"plain": 0o600, "open": 0o700, "uploaded": 0o600}
    assert directory.stat().st_mode & 0o777 == 0o700


def test_the_script_of_a_job_is_private(jobs: Submitter, sandbox: RunningSite) -> None:
    job = jobs.submit("true", Environment={"SECRET": "x"})
    job.until_over()
    [script] = (sandbox.directory / job.id).glob("TSI_submit_*")
    assert script.stat().st_mode & 0o777 == 0o600


def test_what_a_job_was_given_inline_is_in_its_directory_and_nowhere_else(
    jobs: Submitter, sandbox: RunningSite
) -> None:
    jobs.submit_waiting(Imports=[inline("token", "of-nobody-else-4711")])
    files = [path for path in sandbox.directory.parent.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"of-nobody-else-4711" in path.read_bytes()] == ["token"]


@pytest.mark.parametrize("wrong", [{"Job type": "none"}, {"Imports": ["u6://nowhere"]}])
def test_of_a_job_that_is_refused_nothing_that_was_inline_is_kept(
    jobs: Submitter, sandbox: RunningSite, wrong: dict[str, Any]
) -> None:
    given = [inline("token", "of-nobody-else-4712")]
    job = jobs.submit("true", **wrong | {"Imports": [*given, *map(_missing, wrong.get("Imports", []))]})
    job.until_over()
    files = [path for path in sandbox.directory.parent.rglob("*") if path.is_file()]
    assert not [path.name for path in files if b"of-nobody-else-4712" in path.read_bytes() and path.name != "token"]


def _missing(source: str) -> dict[str, str]:
    return {"From": source, "To": "missing"}


def test_the_directory_of_a_site_is_private(tmp_path: Path) -> None:
    SandboxSite(tmp_path / "site")
    assert (tmp_path / "site").stat().st_mode & 0o777 == 0o700


def test_files_of_somebody_else_are_forbidden(jobs: Submitter, sandbox: RunningSite) -> None:
    job = jobs.submit_waiting()
    job.put("data", b"mine")
    for login in ("other", None):
        with sandbox.client(login) as client:
            answers = [
                client.get(job.file_url("data"), headers=BYTES),
                client.get(job.file_url("")),
                client.put(job.file_url("data"), content=b"yours", headers=BYTES),
                client.delete(job.file_url("data")),
                client.post(f"{job.storage}/actions/copy", json={"from": "/data", "to": "/copy"}),
            ]
            assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert job.read("data").content == b"mine"


def test_a_link_out_of_the_directory_is_not_followed(jobs: Submitter, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for jobs' clients")
    job = jobs.submit("ln", "-s", str(secret), "link")
    job.until_over()
    assert job.read("link").status_code == 500
    assert job.put("link", b"overwritten").status_code == 500
    assert secret.read_text() == "not for jobs' clients"


def test_an_expired_session_is_unknown() -> None:
    users = generated_users()
    gate = Gate(users, sessions_per_user=5, lifetime_seconds=0)
    session = gate.admit(_request({}))
    with pytest.raises(NotAdmitted) as refusal:
        gate.admit(_request({"x-unicore-securitysession": session.id}))
    assert refusal.value.status == 432


def test_a_user_keeps_five_sessions_and_the_oldest_goes() -> None:
    gate = Gate(generated_users(), sessions_per_user=5)
    opened = [gate.admit(_request({})) for _ in range(7)]

    def is_known(session_id: str) -> bool:
        try:
            return bool(gate.admit(_request({"x-unicore-securitysession": session_id})))
        except NotAdmitted:
            return False

    assert [is_known(session.id) for session in opened] == [False, False, True, True, True, True, True]


def test_anonymous_requests_end_nobodys_session() -> None:
    users = generated_users()
    gate = Gate(users, sessions_per_user=5)
    user = users[0]
    login = base64.b64encode(f"{user.login}:{user.password}".encode()).decode()
    mine = gate.admit(_request({"authorization": f"Basic {login}"}))
    for _ in range(30):
        gate.admit(_request({}))
    assert gate.admit(_request({"x-unicore-securitysession": mine.id})) is mine


def _request(headers: dict[str, str]) -> Request:
    unused: object = None
    return Request("GET", "/", {}, headers, Body(unused, headers, unused), "127.0.0.1")  # type: ignore[arg-type]
