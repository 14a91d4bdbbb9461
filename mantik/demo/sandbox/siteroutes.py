"""The base document, target systems, the certificate, and what administrators may do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from mantik.demo.sandbox import jobroutes
from mantik.demo.sandbox.answers import Page, Visit, fields_of, json_object, only, page_links, require_type
from mantik.demo.sandbox.bearers import Bearers, TooLong, wanted_lifetime
from mantik.demo.sandbox.http_server import Response, error_response, json_response
from mantik.demo.sandbox.jobs import rest_date
from mantik.demo.sandbox.state import DEFAULT_MESSAGE, SiteState

_VERSION = "11.0.0-sandbox"
_COLLECTIONS = ("jobs", "sites", "storages")


def base(site: SiteState, visit: Visit) -> Response:
    """`GET BASE`: who the client is, and whether the site takes jobs."""
    links = {name: {"href": f"{site.base}/{name}"} for name in _COLLECTIONS}
    document = {"client": _client(visit), "server": _server(site), "_links": links}
    return visit.only("GET") or json_response(only(document, fields_of(visit)))


def certificate(site: SiteState, visit: Visit) -> Response:
    accepts = visit.request.accepts
    if "text/plain" not in accepts and "*/*" not in accepts:
        return Response(406)
    return visit.only("GET") or Response(200, site.key.certificate, "text/plain")


def token(site: SiteState, visit: Visit, bearers: Bearers) -> Response:
    """Issue a token for the user; without a login, one for nobody."""
    if refusal := visit.only("GET"):
        return refusal
    if "text/plain" not in visit.request.accepts and "*/*" not in visit.request.accepts:
        return Response(406)
    if not visit.session.may_renew:
        return error_response(
            500,
            "Error creating token: eu.unicore.security.AuthenticationException: "
            "Cannot create token when authenticating with a non-renewable token!",
        )
    try:
        seconds = wanted_lifetime(visit.query.get("lifetime"), most=site.key.expires.timestamp())
    except TooLong:
        return error_response(400, "Requested token lifetime is longer than the remaining server certificate validity.")
    except ValueError as error:
        return error_response(500, f"Error creating token: {error}")
    wants = {name: visit.query.get(name) == "true" for name in ("renewable", "limited")}
    return Response(200, bearers.issue(visit.user, seconds=seconds, **wants).encode(), "text/plain")


def sites(site: SiteState, visit: Visit, rest: Sequence[str]) -> Response:
    """`/sites` and below. Everybody has one target system, which is made with the first look at it."""
    if visit.user.role == "anonymous":
        return json_response({"_links": {}, "sites": []}) if not rest else Response(403)
    own = site.site_url(visit.user)
    if not rest:
        links = page_links(f"{site.base}/sites/", Page(0, 200), 1)
        return visit.only("GET") or json_response({"_links": links, "sites": [own]})
    if not own.endswith(f"/{rest[0]}"):
        return Response(404)
    match list(rest[1:]):
        case []:
            return jobroutes.submit(site, visit) if visit.method == "POST" else _target_system(site, visit, own)
        case ["jobs"]:
            return jobroutes.jobs_of_site(site, visit)
    return Response(404)


def admin(site: SiteState, visit: Visit, rest: Sequence[str]) -> Response:
    """`/rest/admin`: switch the acceptance of jobs off and on again."""
    if visit.user.role != "admin":
        return Response(403)
    if list(rest) != ["actions", "ToggleJobSubmission"]:
        return Response(404)
    if refusal := visit.only("POST") or require_type(visit, "application/json"):
        return refusal
    parameters, problem = json_object(visit.request.body.content())
    if parameters is None:
        return error_response(500, f"Error handling action: 'ToggleJobSubmission': {problem}")
    if site.submission_message is None:
        site.submission_message = str(parameters.get("message") or DEFAULT_MESSAGE)
        words = "OK - job submission is disabled"
    else:
        site.submission_message = None
        words = "OK - job submission is now enabled"
    return json_response({"success": True, "message": words, "results": {}})


def _client(visit: Visit) -> dict[str, Any]:
    user = visit.user
    if user.role == "anonymous":
        return {"role": {"selected": "anonymous"}, "dn": user.dn, "xlogin": {}}
    login = {"UID": user.uid, "availableUIDs": [user.uid], "group": user.group, "availableGroups": [user.group]}
    return {
        "role": {"selected": user.role, "availableRoles": [user.role]},
        "authenticationMethod": visit.session.method,
        "dn": user.dn,
        "xlogin": login,
    }


def _server(site: SiteState) -> dict[str, Any]:
    message = site.submission_message
    return {
        "currentTime": rest_date(time.time()),
        "upSince": rest_date(site.up_since),
        "siteName": site.name,
        "version": _VERSION,
        "jobSubmission": {"enabled": message is None, "message": message or ""},
        "credential": {
            "dn": site.key.dn,
            "issuer": site.key.dn,
            "expires": rest_date(site.key.expires.timestamp()),
        },
        "externalConnections": {},
        "trustedCAs": [],
        "trustedSAMLIssuers": [],
    }


def _target_system(site: SiteState, visit: Visit, own: str) -> Response:
    document = {
        "owner": visit.user.dn,
        "siteName": site.name,
        "numberOfJobs": sum(job.owner == visit.user.dn for job in site.jobs_seen_by(visit.user)),
        "resources": site.queues.shown(),
        "remainingComputeTime": {},
        "applications": [f"{name}---v{version}" for name, version in site.queues.applications],
        "resourceStatus": "READY",
        "resourceStatusMessage": "OK",
        "supportsReservation": "false",
        "umask": "0077",
        "otherInfo": {},
        "acl": [],
        "tags": [],
        "_links": {"self": {"href": own}, "jobs": {"href": f"{own}/jobs"}},
    }
    return visit.only("GET") or json_response(only(document, fields_of(visit)))
