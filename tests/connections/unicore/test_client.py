"""The client's manners: one session, one connection pool, addresses of its own making, ranges that fit."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from connections.unicore.client import SiteClient
from connections.unicore.credentials import password_credential
from connections.unicore.errors import SiteError, SiteRefused
from connections.unicore.pool import CONNECTIONS
from connections.unicore.sites import make_client, open_site
from connections.unicore.values import JobState, JobStatus
from mantik.demo.sandbox.http_server import Request, Response, error_response, json_response
from tests.connections.unicore.conftest import SESSION, FakeSite


def with_sessions(fake_site: FakeSite, answer: Callable[[Request], Response]) -> None:
    """Only the login or the one session is let in; a new session for each login."""
    logins = Counter[str]()

    def gate(request: Request) -> Response:
        given = request.headers.get(SESSION.lower())
        if given == "expired":
            return Response(432)
        response = answer(request)
        if not given:
            logins["all"] += 1
            response.headers[SESSION] = f"session-{logins['all']}"
        return response

    fake_site.answer = gate


def sessions_used(fake_site: FakeSite) -> list[str | None]:
    return [headers.get(SESSION.lower()) for _, _, headers in fake_site.requests]


def test_one_sign_in_serves_everything_after_it(fake_site: FakeSite, client: SiteClient) -> None:
    with_sessions(fake_site, lambda _: json_response({"status": "QUEUED"}))

    for _ in range(3):
        client.status(fake_site.job_url)

    assert sessions_used(fake_site) == [None, "session-1", "session-1"]


def test_many_threads_sign_in_once(fake_site: FakeSite, client: SiteClient) -> None:
    with_sessions(fake_site, lambda _: json_response({"status": "QUEUED"}))
    threads = [threading.Thread(target=client.status, args=(fake_site.job_url,)) for _ in range(12)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sessions_used(fake_site).count(None) == 1


def test_an_ended_session_is_replaced_without_anybody_noticing(fake_site: FakeSite, client: SiteClient) -> None:
    with_sessions(fake_site, lambda _: Response(201, headers={"Location": fake_site.job_url}))
    client._transport.last_session_id = "expired"

    assert client.submit({}) == fake_site.job_url
    assert sessions_used(fake_site) == ["expired", None]


def test_many_threads_replace_an_ended_session_once(fake_site: FakeSite, client: SiteClient) -> None:
    with_sessions(fake_site, lambda _: json_response({"status": "QUEUED"}))
    client._transport.last_session_id = "expired"
    threads = [threading.Thread(target=client.status, args=(fake_site.job_url,)) for _ in range(12)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sessions_used(fake_site).count(None) == 1


@pytest.mark.parametrize("before", [None, "expired"])
@pytest.mark.parametrize("status", [404, 503])
def test_a_sign_in_is_kept_though_its_answer_is_an_error(
    fake_site: FakeSite, client: SiteClient, before: str | None, status: int
) -> None:
    with_sessions(fake_site, lambda _: error_response(status, "Not now."))
    client._transport.last_session_id = before

    for _ in range(3):
        with pytest.raises(SiteError):
            client.status(fake_site.job_url)

    assert sessions_used(fake_site) == [*([before] if before else []), None, "session-1", "session-1"]


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_allowed_something_signs_in_anew(fake_site: FakeSite, client: SiteClient, status: int) -> None:
    with_sessions(fake_site, lambda _: error_response(status, "Not you."))

    for _ in range(2):
        with pytest.raises(SiteRefused):
            client.status(fake_site.job_url)

    assert sessions_used(fake_site) == [None, None]


def test_a_late_answer_does_not_bring_an_old_session_back(fake_site: FakeSite, client: SiteClient) -> None:
    def meanwhile_replaced(_: Request) -> Response:
        client._transport.last_session_id = "newer"
        answer = json_response({"status": "QUEUED"})
        answer.headers[SESSION] = "older"
        return answer

    fake_site.answer = meanwhile_replaced
    client._transport.last_session_id = "older"

    client.status(fake_site.job_url)

    assert client._transport.last_session_id == "newer"


def test_a_site_that_ends_every_session_is_told_apart(fake_site: FakeSite, client: SiteClient) -> None:
    fake_site.answer = lambda _: Response(432)
    client._transport.last_session_id = "expired"

    with pytest.raises(SiteError, match="keeps ending Mantik's session"):
        client.status(fake_site.job_url)

    assert sessions_used(fake_site) == ["expired", None]


def test_an_upload_is_sent_whole_after_the_session_ended(fake_site: FakeSite, client: SiteClient) -> None:
    received = []

    def take(request: Request) -> Response:
        received.append(request.body.content())
        return Response(204)

    with_sessions(fake_site, take)
    client._transport.last_session_id = "expired"
    content = b"x" * 1_000_000

    client.upload(fake_site.job_url, ".mantik/code.tar.gz", io.BytesIO(content), len(content))

    assert received == [content]


def test_a_request_that_only_reads_survives_a_closed_connection(fake_site: FakeSite, client: SiteClient) -> None:
    fake_site.answer = lambda _: json_response({"status": "RUNNING"})
    client.status(fake_site.job_url)
    answers = iter([None, json_response({"status": "RUNNING"})])

    def once_broken(_: Request) -> Response:
        answer = next(answers)
        if answer is None:
            raise OSError("the connection is cut")
        return answer

    fake_site.answer = once_broken

    assert client.status(fake_site.job_url).state is JobState.RUNNING


def test_a_question_that_trips_the_site_is_asked_once_more(fake_site: FakeSite, client: SiteClient) -> None:
    answers = iter([error_response(500, "ResourceUnknownException"), json_response({"status": "READY"})])
    fake_site.answer = lambda _: next(answers)

    assert client.status(fake_site.job_url).state is JobState.READY
    assert len(fake_site.requests) == 2


def test_job_urls_of_a_site_are_taken_by_their_id_only(fake_site: FakeSite, client: SiteClient) -> None:
    jobs = ["https://evil.example.org/SITE/rest/core/jobs/one", f"{fake_site.base_url}/jobs/two"]
    fake_site.answer = lambda _: json_response({"jobs": jobs})

    assert client.find_jobs("mantik-1") == [f"{fake_site.base_url}/jobs/one", f"{fake_site.base_url}/jobs/two"]


def test_finding_jobs_reads_every_page_with_the_tag(fake_site: FakeSite, client: SiteClient) -> None:
    everything = [f"{fake_site.base_url}/jobs/job{number}" for number in range(450)]
    tags = []

    def page(request: Request) -> Response:
        tags.append(request.query["tags"])
        start = int(request.query["offset"])
        return json_response({"jobs": everything[start : start + int(request.query["num"])]})

    fake_site.answer = page

    assert client.find_jobs("mantik-1") == everything
    assert tags == ["mantik-1"] * 3


@pytest.mark.parametrize("tag", ["", "a,b", "a b", "a+b", "a%", "a_b"])
def test_a_tag_that_could_match_others_is_not_asked_for(client: SiteClient, tag: str) -> None:
    with pytest.raises(ValueError, match="one tag"):
        client.find_jobs(tag)


def test_statuses_come_in_order_each_with_its_own_fate(fake_site: FakeSite, client: SiteClient) -> None:
    urls = [f"{fake_site.base_url}/jobs/job{number}" for number in range(100)]

    def answer(request: Request) -> Response:
        return Response(404) if request.path.endswith("7") else json_response({"status": "QUEUED"})

    fake_site.answer = answer

    answers = list(client.statuses(urls))

    assert [url for url, _ in answers] == urls
    gone = [url for url, status in answers if isinstance(status, SiteError)]
    assert gone == [url for url in urls if url.endswith("7")]


def test_a_site_that_is_down_is_not_asked_for_every_job(fake_site: FakeSite, client: SiteClient) -> None:
    fake_site.answer = lambda _: Response(403)
    urls = [f"{fake_site.base_url}/jobs/job{number}" for number in range(1000)]

    answers = list(client.statuses(urls))

    assert len(answers) == 1000
    assert all(isinstance(answer, SiteRefused) for _, answer in answers)
    assert len(fake_site.requests) == 1


def test_a_site_that_fails_in_the_middle_is_asked_only_what_was_on_its_way(
    fake_site: FakeSite, client: SiteClient
) -> None:
    fake_site.answer = lambda _: json_response({"status": "QUEUED"}) if len(fake_site.requests) < 6 else Response(403)
    urls = [f"{fake_site.base_url}/jobs/job{number}" for number in range(32)]

    answers = [answer for _, answer in client.statuses(urls)]

    assert isinstance(answers[0], JobStatus)
    assert isinstance(answers[-1], SiteRefused)
    assert len(fake_site.requests) < 6 + CONNECTIONS


def test_a_range_is_exactly_what_was_asked_for(fake_site: FakeSite, client: SiteClient) -> None:
    content = bytes(range(200))

    def serve(request: Request) -> Response:
        first, last = request.headers["range"].removeprefix("bytes=").split("-")
        return Response(206, content[int(first) : int(last) + 1], "application/octet-stream")

    fake_site.answer = serve

    assert client.read(fake_site.job_url, "mantik.log", 20, 30) == content[20:50]


def test_a_site_without_ranges_gives_the_same_bytes(fake_site: FakeSite, client: SiteClient) -> None:
    content = bytes(range(200))
    fake_site.answer = lambda _: Response(200, content, "application/octet-stream")

    assert client.read(fake_site.job_url, "mantik.log", 20, 30) == content[20:50]


@pytest.mark.parametrize("path", ["../etc/passwd", "/etc/passwd", "a//b", "", "a/./b"])
def test_a_path_never_leaves_the_jobs_directory(client: SiteClient, fake_site: FakeSite, path: str) -> None:
    with pytest.raises(ValueError, match="Not a path"):
        client.stat(fake_site.job_url, path)

    assert fake_site.requests == []


def test_a_connections_client_is_kept_until_its_terms_change(fake_site: FakeSite) -> None:
    def client_with(password: str) -> SiteClient:
        credential = password_credential("ada", password)
        return open_site(key="one", base_url=fake_site.base_url, credential=credential, ca_bundle=None)

    first = client_with("old")

    assert client_with("old") is first
    assert client_with("new") is not first


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://hpc.example.org/SITE/rest/core", "unencrypted"),
        ("https://ada:s3cret@hpc.example.org/SITE/rest/core", "contains credentials"),
        ("ftp://hpc.example.org/SITE", "is not of the form"),
        ("https://hpc.example.org:port/", "cannot be read"),
        ("https://faß.test/SITE/rest/core", "with xn--"),
    ],
)
def test_a_base_url_that_would_give_secrets_away_is_refused(base_url: str, words: str) -> None:
    with pytest.raises(SiteRefused) as caught:
        make_client(base_url, password_credential("ada", "pw"), None)

    assert words in caught.value.message
    assert "s3cret" not in caught.value.message


def test_a_credential_shows_nothing_and_cannot_be_stored() -> None:
    credential = password_credential("ada", "pässwörd")

    assert "ada" not in repr(credential)
    with pytest.raises(TypeError):
        credential.__reduce__()
