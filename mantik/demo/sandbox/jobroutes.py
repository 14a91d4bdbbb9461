"""`/jobs`: submit, list, look at, change, start, abort, restart and delete jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mantik.demo.sandbox.answers import (
    Visit,
    error_text,
    fields_of,
    json_object,
    only,
    page_links,
    read_page,
    require_type,
)
from mantik.demo.sandbox.description import read_tags
from mantik.demo.sandbox.http_server import Response, error_response, json_response
from mantik.demo.sandbox.jobs import ACTIONS, Job, new_job_id, parse_rest_date, properties
from mantik.demo.sandbox.notifications import wanted_notifications
from mantik.demo.sandbox.state import SiteState

_MAX_LISTED = 200
_TOO_LONG = (
    "eu.unicore.services.exceptions.InvalidModificationException: "
    "Requested lifetime is larger than maximum configured on the system."
)


def jobs(site: SiteState, visit: Visit) -> Response:
    """`/jobs`."""
    if visit.method == "POST":
        return submit(site, visit)
    return visit.only("GET") or _list(site, visit, f"{site.base}/jobs/", site.jobs_seen_by(visit.user))


def jobs_of_site(site: SiteState, visit: Visit) -> Response:
    """`/sites/<id>/jobs`."""
    own = [job for job in site.jobs_seen_by(visit.user) if job.owner == visit.user.dn]
    return visit.only("GET") or _list(site, visit, f"{site.site_url(visit.user)}/jobs", own)


def job(site: SiteState, visit: Visit, job_id: str, rest: Sequence[str]) -> Response:
    """`/jobs/<id>` and below."""
    found = site.engine.jobs.get(job_id)
    if found is None:
        return Response(404)
    if not site.may_act_on(visit.user, found):
        return Response(403)
    match list(rest):
        case []:
            return _job(site, visit, found)
        case ["submitted"]:
            return visit.only("GET") or json_response(site.store.description(found.id))
        case ["details"]:
            return visit.only("GET") or json_response({"rawDetailsData": "N/A"})
        case ["actions", name]:
            return visit.only("POST") or _act(site, visit, found, name)
    return Response(404)


def submit(site: SiteState, visit: Visit) -> Response:
    refusal = require_type(visit, "application/json")
    if refusal:
        return refusal
    user = visit.user
    if user.role == "anonymous":
        return Response(403)
    if site.submission_message is not None:
        return error_response(503, site.submission_message)
    description, problem = json_object(visit.request.body.content())
    if description is None:
        return error_response(500, f"Could not submit job: {problem}")
    if site.quota and sum(j.owner == user.dn for j in list(site.engine.jobs.values())) >= site.quota:
        return error_response(500, f"Could not submit job: {_quota_text(site.quota, user.dn)}")
    found = _new_job(description, user.dn, user.uid, site.lifetime)
    site.engine.submit(found, json.dumps(description))
    return Response(201, headers={"Location": f"{site.base}/jobs/{found.id}"})


def _new_job(description: Mapping[str, Any], owner: str, uid: str, lifetime: float) -> Job:
    now = time.time()
    return Job(
        id=new_job_id(),
        owner=owner,
        uid=uid,
        tags=read_tags(description.get("Tags", description.get("tags"))),
        submitted_at=now,
        terminates_at=now + lifetime,
        starts_by_itself=str(description.get("haveClientStageIn", "false")).lower() != "true",
        notifies=wanted_notifications(description),
    )


def _quota_text(quota: int, dn: str) -> str:
    exception = "eu.unicore.services.exceptions.ResourceNotCreatedException"
    return f"{exception}: Limit of <{quota}> instances of <JobManagement> for <{dn}> has been reached."


def _list(site: SiteState, visit: Visit, url: str, found: Sequence[Job]) -> Response:
    page = read_page(visit, _MAX_LISTED)
    if isinstance(page, Response):
        return page
    tags = visit.query.get("tags")
    if tags:
        wanted = read_tags(tags)
        found = [job for job in found if job.has_tags(wanted)]
    else:
        # Newest first, to the second; of the same second in the order in which they came.
        found = sorted(found, key=lambda job: -int(job.submitted_at))
    urls = [f"{site.base}/jobs/{job.id}" for job in found[page.offset : page.offset + page.num]]
    return json_response({"_links": page_links(url, page, len(found)), "jobs": urls})


def _job(site: SiteState, visit: Visit, found: Job) -> Response:
    if visit.method == "DELETE":
        site.engine.delete(found)
        return Response(204)
    if visit.method == "PUT":
        return _change(site, visit, found)
    if refusal := visit.only("GET"):
        return refusal
    fields = fields_of(visit)
    with_links = fields is None or fields.wants("_links")
    shown = properties(found, site.base, site.site_id(found.owner), with_links=with_links)
    return json_response(only(shown, fields))


def _change(site: SiteState, visit: Visit, found: Job) -> Response:
    if refusal := require_type(visit, "application/json"):
        return refusal
    wanted, _ = json_object(visit.request.body.content())
    if wanted is None:
        return Response(500)
    return json_response({name: _set(site, found, name, value) for name, value in wanted.items()})


def _set(site: SiteState, found: Job, name: str, value: Any) -> str:
    if name == "tags":
        site.engine.set_properties(found, tags=read_tags(value))
        return "OK"
    if name != "terminationTime":
        return "Property not found or cannot be modified!"
    moment = parse_rest_date(str(value))
    if moment is None:
        reason = error_text(f"Specified date string '{value}' could not be parsed!")
        return f"Error setting property: {reason}"
    if site.most_lifetime is not None and moment - time.time() > site.most_lifetime:
        return f"Error setting property: {_TOO_LONG}"
    site.engine.set_properties(found, terminates_at=moment)
    return "OK"


def _act(site: SiteState, visit: Visit, found: Job, name: str) -> Response:
    if refusal := require_type(visit, "application/json"):
        return refusal
    if name not in ACTIONS:
        return Response(404)
    parameters, problem = json_object(visit.request.body.content())
    if parameters is None:
        return error_response(500, f"Error handling action: '{name}': {problem}")
    {"start": site.engine.request_start, "abort": site.engine.abort, "restart": site.engine.restart}[name](found)
    return Response(204)
