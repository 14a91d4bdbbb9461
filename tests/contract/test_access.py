"""Who may do what, and how a site says no."""

from __future__ import annotations

import httpx
import pytest

from tests.contract.jobs import SiteJob, Submitter
from tests.support.sites import RunningSite

SESSION = "X-UNICORE-SecuritySession"


def client_of(answer: httpx.Response) -> dict[str, object]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["client"])


def test_the_base_tells_who_we_are(demo: httpx.Client, site: RunningSite) -> None:
    told = client_of(demo.get(site.base_url, params={"fields": "client"}))
    user = site.users["demo"]
    assert told["dn"] == user.dn
    assert told["role"] == {"selected": "user", "availableRoles": ["user"]}
    assert told["xlogin"] == {
        "UID": user.uid,
        "availableUIDs": [user.uid],
        "group": user.group,
        "availableGroups": [user.group],
    }


def test_without_a_login_we_are_anonymous(anonymous: httpx.Client, site: RunningSite) -> None:
    assert client_of(anonymous.get(site.base_url))["role"] == {"selected": "anonymous"}


def test_a_login_of_an_unknown_kind_is_anonymous(anonymous: httpx.Client, site: RunningSite) -> None:
    answer = anonymous.get(site.base_url, headers={"Authorization": "Nonsense abc"})
    assert client_of(answer)["role"] == {"selected": "anonymous"}


@pytest.mark.parametrize(("login", "password"), [("demo", "wrong"), ("nobody", "wrong"), ("demo", "")])
def test_a_wrong_login_is_refused_without_a_word(site: RunningSite, login: str, password: str) -> None:
    with site.client(None, auth=(login, password)) as client:
        answer = client.get(site.base_url)
    assert (answer.status_code, answer.content) == (403, b"")
    assert SESSION not in answer.headers


def test_a_login_that_is_no_base64_is_refused(anonymous: httpx.Client, site: RunningSite) -> None:
    assert anonymous.get(site.base_url, headers={"Authorization": "Basic !!!"}).status_code == 403


def test_nobody_cannot_submit(anonymous: httpx.Client, site: RunningSite) -> None:
    answer = anonymous.post(f"{site.base_url}/jobs", json={"Executable": "true"})
    assert (answer.status_code, answer.content) == (403, b"")
    assert anonymous.get(f"{site.base_url}/jobs").json()["jobs"] == []


def test_a_job_of_somebody_else_is_forbidden_and_not_listed(
    waiting: SiteJob, jobs: Submitter, other: httpx.Client, anonymous: httpx.Client, site: RunningSite
) -> None:
    for client in (other, anonymous):
        answers = [
            client.get(waiting.url),
            client.get(f"{waiting.url}/submitted"),
            client.put(waiting.url, json={"tags": ["mine"]}),
            client.post(f"{waiting.url}/actions/start", json={}),
            client.post(f"{waiting.url}/actions/abort", json={}),
            client.delete(waiting.url),
            client.get(waiting.storage),
        ]
        assert [(answer.status_code, answer.content) for answer in answers] == [(403, b"")] * len(answers)
        assert client.get(f"{site.base_url}/jobs", params={"tags": jobs.tag}).json()["jobs"] == []
    assert waiting.get("status,tags") == {"status": "READY", "tags": [jobs.tag]}


def test_only_the_refusal_of_a_login_comes_without_a_session(waiting: SiteJob, other: httpx.Client) -> None:
    """By that a wrong password can be told from a job of somebody else: both are 403 without a word."""
    assert SESSION in other.get(waiting.url).headers


def test_an_administrator_sees_all_jobs(waiting: SiteJob, jobs: Submitter, site: RunningSite) -> None:
    with site.client("admin") as admin:
        assert admin.get(waiting.url).status_code == 200
        assert admin.get(f"{site.base_url}/jobs", params={"tags": jobs.tag}).json()["jobs"] == [waiting.url]


def test_unknown_addresses_are_not_found(demo: httpx.Client, site: RunningSite) -> None:
    for path in ("/nope", "/jobs/nope/nope"):
        assert demo.get(f"{site.base_url}{path}").status_code == 404
    assert demo.delete(f"{site.base_url}/jobs").status_code == 405


def test_who_does_not_ask_for_json_gets_a_page(demo: httpx.Client, site: RunningSite) -> None:
    answer = demo.get(f"{site.base_url}/jobs", headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("text/html")


# Sessions


def test_a_session_counts_instead_of_a_password(demo: httpx.Client, anonymous: httpx.Client, site: RunningSite) -> None:
    opened = demo.get(site.base_url, params={"fields": "client"})
    session = {SESSION: opened.headers[SESSION]}
    assert 0 < int(opened.headers[f"{SESSION}-Lifetime"]) <= 8 * 3600 * 1000
    answer = anonymous.get(site.base_url, params={"fields": "client"}, headers=session)
    assert client_of(answer)["dn"] == site.users["demo"].dn
    assert answer.headers[SESSION] == session[SESSION]


def test_a_session_counts_more_than_another_password(
    demo: httpx.Client, other: httpx.Client, site: RunningSite
) -> None:
    session = {SESSION: demo.get(site.base_url).headers[SESSION]}
    assert client_of(other.get(site.base_url, headers=session))["dn"] == site.users["demo"].dn


def test_an_unknown_session_is_432_before_anything_is_done(
    demo: httpx.Client, jobs: Submitter, site: RunningSite
) -> None:
    answer = demo.post(
        f"{site.base_url}/jobs",
        json={"Executable": "true", "Tags": [jobs.tag]},
        headers={SESSION: "no-such-session"},
    )
    assert (answer.status_code, answer.content) == (432, b"")
    assert jobs.listed(tags=jobs.tag) == []


def test_only_a_few_sessions_are_kept(site: RunningSite) -> None:
    with site.client("demo") as client, site.client(None) as nobody:
        opened = [client.get(site.base_url).headers[SESSION] for _ in range(60)]
        alive = [nobody.get(site.base_url, headers={SESSION: session}).status_code for session in opened]
    assert len(set(opened)) == 60
    assert alive[-1] == 200
    assert 432 in alive


# Maintenance and quota


def test_a_site_in_maintenance_says_so_in_its_own_words(jobs: Submitter, demo: httpx.Client, site: RunningSite) -> None:
    with site.closed("down for lunch"):
        answer = jobs.post({"Executable": "true", "Tags": [jobs.tag]})
        told = demo.get(site.base_url, params={"fields": "server"}).json()["server"]["jobSubmission"]
        assert jobs.listed(tags=jobs.tag) == []
    assert answer.status_code == 503
    assert answer.json() == {"errorMessage": "down for lunch", "status": 503}
    assert told == {"enabled": False, "message": "down for lunch"}
    assert demo.get(site.base_url).json()["server"]["jobSubmission"]["enabled"] is True
    assert jobs.submit("true").until_over()["status"] == "SUCCESSFUL"


def test_maintenance_without_words_has_words_of_its_own(jobs: Submitter, site: RunningSite) -> None:
    with site.closed():
        answer = jobs.post({"Executable": "true"})
    assert answer.json()["errorMessage"] == "Job submission is currently disabled --- please try again later!"


def test_jobs_go_on_while_the_site_takes_no_new_ones(waiting: SiteJob, site: RunningSite) -> None:
    with site.closed("down for lunch"):
        assert waiting.act("start") == 204
        assert waiting.until_over()["status"] == "SUCCESSFUL"


def test_only_an_administrator_may_close_the_site(
    demo: httpx.Client, anonymous: httpx.Client, site: RunningSite
) -> None:
    url = f"{site.base_url.removesuffix('/core')}/admin/actions/ToggleJobSubmission"
    for client in (demo, anonymous):
        assert client.post(url, json={"message": "gone"}).status_code == 403
    assert demo.get(site.base_url).json()["server"]["jobSubmission"]["enabled"] is True


def test_a_user_with_too_many_jobs_is_refused_in_words(strict_site: RunningSite) -> None:
    with strict_site.client("demo") as client:
        jobs = Submitter(strict_site, client)
        try:
            for _ in range(2):
                jobs.submit("true", haveClientStageIn="true")
            refused = jobs.post({"Executable": "true", "Tags": [jobs.tag]})
            assert refused.status_code == 500
            assert refused.json()["errorMessage"].endswith(
                f"Limit of <2> instances of <JobManagement> for <{strict_site.users['demo'].dn}> has been reached."
            )
            assert len(jobs.listed(tags=jobs.tag)) == 2
            client.delete(jobs.jobs.pop().url)
            jobs.submit("true", haveClientStageIn="true")
        finally:
            for job in jobs.jobs:
                client.delete(job.url)


# What the site offers


def test_the_base_tells_about_the_site(demo: httpx.Client, site: RunningSite) -> None:
    server = demo.get(site.base_url, params={"fields": "server"}).json()["server"]
    assert server["siteName"]
    assert server["version"]
    assert server["credential"]["dn"]


def test_the_target_system_tells_what_each_queue_has(demo: httpx.Client, jobs: Submitter, site: RunningSite) -> None:
    jobs.submit("true").until_over()
    [target, *_] = demo.get(f"{site.base_url}/sites").json()["sites"]
    told = demo.get(target).json()
    assert told["owner"] == site.users["demo"].dn
    assert told["resources"] == {
        "batch": {
            "Runtime": "1-86400",
            "Nodes": "1-4",
            "CPUsPerNode": "1-16",
            "TotalCPUs": "1-64",
            "GPUsPerNode": "0-4",
            "MemoryPerNode": "1048576-68719476736",
            "Project": ["demo", "other"],
        },
        "devel": {"Runtime": "1-3600", "Nodes": "1-1", "CPUsPerNode": "1-4", "Project": ["demo", "other"]},
    }
    assert told["remainingComputeTime"] == {}
    assert told["applications"] == ["Date---v1.0"]
