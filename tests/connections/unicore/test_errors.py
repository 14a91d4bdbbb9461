"""What a site or something in between answers, as one of three kinds of errors in plain words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from connections.logins.ssh_keys import make_key_pair
from connections.unicore.client import SiteClient
from connections.unicore.credentials import key_credential
from connections.unicore.errors import JobGone, SiteError, SiteOutcomeUnknown, SiteRefused, SiteUnavailable
from connections.unicore.sites import make_client
from mantik.demo.sandbox.http_server import Request, Response, error_response, json_response
from tests.connections.unicore.conftest import FakeSite, client_of

PAGE = Response(503, b"<html>Could not perform request</html>", "text/html")
QUOTA = "Limit of <200> instances of <JobManagement> for <CN=Ada> has been reached."


def submitting(client: SiteClient) -> SiteError:
    with pytest.raises(SiteError) as caught:
        client.submit({"Executable": "/bin/true"})
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind", "code", "words"),
    [
        (Response(403), SiteRefused, "refused.credentials", "does not accept the login"),
        (error_response(403, "Access denied"), SiteRefused, "refused.forbidden", "Access denied"),
        (error_response(401, "No role"), SiteRefused, "refused.forbidden", "No role"),
        (
            error_response(401, "There are no accessible targetsystem factories"),
            SiteUnavailable,
            "unavailable.starting",
            "still starting up",
        ),
        (error_response(503, "down for lunch"), SiteUnavailable, "unavailable.maintenance", "down for lunch"),
        (error_response(500, QUOTA), SiteUnavailable, "unavailable.quota", "Delete old jobs"),
        (
            error_response(500, "Could not submit job: org.json.JSONException: bad"),
            SiteRefused,
            "refused.description",
            "cannot read the job description",
        ),
        (error_response(500, "NullPointerException"), SiteOutcomeUnknown, "unknown.error", "does not know yet"),
        (PAGE, SiteOutcomeUnknown, "unknown.error", "does not know yet"),
        (Response(502), SiteOutcomeUnknown, "unknown.error", "does not know yet"),
        (Response(504), SiteOutcomeUnknown, "unknown.error", "does not know yet"),
        (Response(404, b"<html>No such site</html>", "text/html"), SiteUnavailable, "unavailable.gateway", "gateway"),
        (Response(404), SiteRefused, "refused.base_url", "no UNICORE site at this address"),
        (Response(302, headers={"Location": "https://evil.example.org/"}), SiteRefused, "refused.base_url", "address"),
        (Response(429), SiteUnavailable, "unavailable.busy", "too busy"),
        (Response(413), SiteRefused, "refused.request", "HTTP status 413"),
        (Response(201), SiteOutcomeUnknown, "unknown.location", "does not say where"),
        (
            Response(201, headers={"Location": "https://evil.example.org/SITE/rest/core/jobs/abc"}),
            SiteOutcomeUnknown,
            "unknown.location",
            "evil.example.org",
        ),
    ],
)
def test_a_refused_submission_is_told_from_one_of_which_nobody_knows(
    fake_site: FakeSite, client: SiteClient, answer: Response, kind: type[SiteError], code: str, words: str
) -> None:
    fake_site.answer = lambda _: answer

    error = submitting(client)

    assert type(error) is kind
    assert error.code == code
    assert words in error.message
    assert "s3cret" not in error.message
    assert len(fake_site.requests) == 1


def test_a_key_that_is_refused_has_a_file_to_be_looked_for_in(fake_site: FakeSite) -> None:
    fake_site.answer = lambda _: Response(403)
    key = key_credential("ada", make_key_pair(comment="").private)

    error = submitting(make_client(fake_site.base_url, key, None))

    assert error.code == "refused.credentials"
    assert "Check that its public key is in ~/.ssh/authorized_keys of ada there." in error.message


def test_a_submission_without_an_answer_is_never_sent_twice(fake_site: FakeSite) -> None:
    def slow(_: Request) -> Response:
        time.sleep(0.6)
        return Response(201)

    fake_site.answer = slow

    error = submitting(client_of(fake_site.base_url, read=0.3))

    assert isinstance(error, SiteOutcomeUnknown)
    assert len(fake_site.requests) == 1


def test_a_site_that_is_not_there_has_received_nothing() -> None:
    error = submitting(client_of("http://127.0.0.1:9/SITE/rest/core"))

    assert isinstance(error, SiteUnavailable)
    assert error.code == "unavailable.connection"
    assert error.concerns_whole_site


def test_a_name_that_does_not_exist_is_said_to_be_one() -> None:
    error = submitting(client_of("https://nowhere.invalid/SITE/rest/core"))

    assert error.code == "unavailable.name"
    assert "nowhere.invalid" in error.message


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, job: client.status(job),
        lambda client, job: client.start(job),
        lambda client, job: client.abort(job),
        lambda client, job: client.delete(job),
    ],
)
def test_a_job_that_the_site_does_not_know_is_gone(
    fake_site: FakeSite, client: SiteClient, ask: Callable[[SiteClient, str], object]
) -> None:
    fake_site.answer = lambda _: error_response(404, "No such job")

    with pytest.raises(JobGone):
        ask(client, fake_site.job_url)


def test_a_page_of_the_gateway_does_not_make_a_job_gone(fake_site: FakeSite, client: SiteClient) -> None:
    fake_site.answer = lambda _: Response(404, b"<html>No such site</html>", "text/html")

    with pytest.raises(SiteUnavailable) as caught:
        client.status(fake_site.job_url)

    assert not isinstance(caught.value, JobGone)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html></html>", b'{"status": 5}', b"{"])
def test_an_answer_that_makes_no_sense_is_no_status(fake_site: FakeSite, client: SiteClient, body: bytes) -> None:
    fake_site.answer = lambda _: Response(200, body, "application/json")

    with pytest.raises(SiteUnavailable) as caught:
        client.status(fake_site.job_url)

    assert "not a UNICORE site" in caught.value.message


def test_secrets_in_a_sites_words_are_blanked(fake_site: FakeSite, client: SiteClient) -> None:
    words = "failed: export API_TOKEN=abc123 and password=hunter2"
    fake_site.answer = lambda _: json_response({"status": "FAILED", "statusMessage": words})

    message = client.status(fake_site.job_url).message

    assert "abc123" not in message
    assert "hunter2" not in message


def test_an_answer_that_never_ends_is_cut_off(fake_site: FakeSite) -> None:
    def endless(_: Request) -> Response:
        return Response(200, json.dumps({"status": "x" * 40_000_000}).encode(), "application/json")

    fake_site.answer = endless

    with pytest.raises(SiteUnavailable):
        client_of(fake_site.base_url).status(fake_site.job_url)
