"""A UNICORE site as runs need it: submit, start, look, read, stop.

Every method raises SiteError. Addresses are made from the base URL and a job's id; no link in an answer is followed, so
credentials never go anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import IO, Any

from connections.unicore.address import SiteUrls
from connections.unicore.errors import JobGone, SiteError, SiteOutcomeUnknown, SiteRefused
from connections.unicore.explain import Call, not_unicore
from connections.unicore.parsing import (
    PORTRAIT_FIELDS,
    STATUS_FIELDS,
    file_stat,
    folder,
    issued_token,
    job_date,
    job_portrait,
    job_status,
    site_access,
    site_offer,
    text,
)
from connections.unicore.pool import CONNECTIONS, Answer
from connections.unicore.transport import PooledTransport
from connections.unicore.values import FileStat, IssuedToken, JobPortrait, JobStatus, SiteAccess, SiteOffer
from connections.unicore.wording import quoted

_BYTES = {"Accept": "application/octet-stream", "Content-Type": "application/octet-stream"}
# Bytes of an upload that are in memory.
_PIECE = 256 * 1024
_JOBS_PER_PAGE = 200
# A space, a comma or a plus would separate tags; % and _ match anything at a site.
_TAG = re.compile(r"[A-Za-z0-9.-]+")


class SiteClient:
    """Safe to share by threads. Keep one per connection: it has the pool and the security session."""

    def __init__(self, *, urls: SiteUrls, transport: PooledTransport) -> None:
        self.urls = urls
        self._transport = transport

    # Jobs

    def submit(self, description: Mapping[str, Any]) -> str:
        """Submit a job. Returns its URL. Submitting again makes a second job.

        Raises SiteOutcomeUnknown if the site may have the job all the same.
        """
        call = Call("POST", self.urls.jobs, is_submission=True)
        response = self._transport.request(call, json=description)
        location = response.headers.get("location")
        if not location:
            raise SiteOutcomeUnknown(
                f"{self.urls.host} accepted the job, but does not say where it is.", code="unknown.location"
            )
        return self.urls.adopt(location)

    def find_jobs(self, tag: str, *, most: int | None = None) -> list[str]:
        """URLs of this login's jobs that have exactly the tag `tag`, in no order.

        With `most`, the search ends once that many are found, so there may be a few more.
        """
        if not _TAG.fullmatch(tag):
            raise ValueError(f"{tag!r} does not mean one tag everywhere")
        found: dict[str, None] = {}
        while True:
            # The site's own link to the next page forgets the tag.
            query = {"tags": tag, "offset": str(len(found)), "num": str(_JOBS_PER_PAGE)}
            jobs = self._get_json(Call("GET", self.urls.jobs), params=query).get("jobs")
            if not isinstance(jobs, list):
                raise not_unicore(self.urls.host)
            page = [self.urls.job(str(url)) for url in jobs]
            has_new = any(url not in found for url in page)
            found.update(dict.fromkeys(page))
            if len(page) < _JOBS_PER_PAGE or not has_new or (most is not None and len(found) >= most):
                return list(found)

    def start(self, job_url: str) -> None:
        """Start a job that was submitted unstarted. Has no effect on a started one."""
        self._act(job_url, "start")

    def abort(self, job_url: str) -> None:
        """End the job: it becomes FAILED with the message "Job aborted.". Has no effect on a job that has ended."""
        self._act(job_url, "abort")

    def delete(self, job_url: str) -> None:
        """Delete the job with its directory, even while it runs."""
        self._transport.request(Call("DELETE", self.urls.job(job_url), about_job=True))

    def status(self, job_url: str) -> JobStatus:
        call = Call("GET", self.urls.job(job_url), about_job=True)
        answer = self._transport.request(call, params={"fields": STATUS_FIELDS})
        status = job_status(_json_object(answer, self.urls.host), date=answer.headers.get("date"))
        if status is None:
            raise not_unicore(self.urls.host)
        return status

    def keep_until(self, job_url: str, when: datetime) -> None:
        """Have the site delete the job with its directory at `when`, by the site's own clock.

        Raises SiteRefused if that is later than the site allows.
        """
        call = Call("PUT", self.urls.job(job_url), about_job=True)
        answer = self._transport.request(call, json={"terminationTime": job_date(when)})
        said = _json_object(answer, self.urls.host).get("terminationTime")
        if said != "OK":
            words = text(said)
            raise SiteRefused(
                f"{self.urls.host} does not keep the job for so long.{quoted(words)}",
                code="refused.lifetime",
                site_words=words,
            )

    def portrait(self, job_url: str) -> JobPortrait:
        """What identifies a job: for one that carries our tag, but is not in our database."""
        call = Call("GET", self.urls.job(job_url), about_job=True)
        portrait = job_portrait(self._get_json(call, params={"fields": PORTRAIT_FIELDS}))
        if portrait is None:
            raise not_unicore(self.urls.host)
        return portrait

    def statuses(self, job_urls: Sequence[str]) -> Iterator[tuple[str, JobStatus | SiteError]]:
        """The status of each job, or its error, in the order of `job_urls`. A small GET each, several at a time.

        After an error that concerns the whole site nothing more is asked than is on its way already, and the
        remaining jobs get the same error.
        """
        down: list[SiteError] = []

        def ask(job_url: str) -> JobStatus | SiteError:
            if down:
                return down[0]
            answer = self._status_or_error(job_url)
            if isinstance(answer, SiteError) and answer.concerns_whole_site:
                down.append(answer)
            return answer

        # The first request alone, because it signs in for all.
        for job_url in job_urls[:1]:
            yield job_url, ask(job_url)
        with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="site") as threads:
            for start in range(1, len(job_urls), 8 * CONNECTIONS):
                batch = job_urls[start : start + 8 * CONNECTIONS]
                yield from zip(batch, threads.map(ask, batch), strict=True)

    # Files of a job

    def ready_for_upload(self, job_url: str) -> bool:
        """Whether the job's directory exists. It appears a moment after the job."""
        call = Call("GET", self.urls.directory(job_url), about_job=True)
        try:
            document = self._get_json(call, params={"fields": "resourceStatus"})
        except JobGone:
            # Either there is no directory yet, or the job is gone: then this raises JobGone.
            self.status(job_url)
            return False
        return document.get("resourceStatus") == "READY"

    def upload(self, job_url: str, path: str, content: IO[bytes], size: int) -> None:
        """Write one file of `size` bytes, in place of an older one. It is never in memory as a whole."""
        call = Call("PUT", self.urls.file(job_url, path), about_job=True, is_upload=True)

        def pieces() -> Iterator[bytes]:
            content.seek(0)
            while piece := content.read(_PIECE):
                yield piece

        self._transport.request(call, content=pieces, headers={**_BYTES, "Content-Length": str(size)})

    def stat(self, job_url: str, path: str) -> FileStat | None:
        """Size, kind and date of a file; None if there is no such file (yet)."""
        call = Call("GET", self.urls.file(job_url, path), about_job=True)
        try:
            stat = file_stat(self._get_json(call))
        except JobGone:
            return None
        if stat is None:
            raise not_unicore(self.urls.host)
        return stat

    def list_folder(self, job_url: str, path: str) -> dict[str, FileStat] | None:
        """What is in a folder of the job's directory, by name; None if there is no such folder (yet).

        A site names ten thousand entries at most. `path` must not be blank: of the directory itself it names them all.
        """
        call = Call("GET", self.urls.file(job_url, path), about_job=True)
        try:
            return folder(self._get_json(call))
        except JobGone:
            return None

    def read(self, job_url: str, path: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from byte `offset`, which must lie before the end of the file.

        If it lies beyond the end, some sites never answer, so ask `stat` first. Empty if the file is gone.
        """
        call = Call("GET", self.urls.file(job_url, path), about_job=True)
        headers = {**_BYTES, "Range": f"bytes={offset}-{offset + length - 1}"}
        try:
            response = self._transport.request(call, headers=headers)
        except JobGone:
            return b""
        if response.status_code == 206:
            return response.content[:length]
        # A site without ranges sends the whole file.
        return response.content[offset : offset + length]

    def remove(self, job_url: str, path: str) -> None:
        """Remove a file, or a folder with all that is in it, from the job's directory. It may be gone before."""
        with suppress(JobGone):
            self._transport.request(Call("DELETE", self.urls.file(job_url, path), about_job=True))

    # The site

    def access(self) -> SiteAccess:
        """Who the site takes us for, and whether it takes jobs now."""
        call = Call("GET", self.urls.base)
        access = site_access(self._get_json(call, params={"fields": "client,server"}))
        if access is None:
            raise not_unicore(self.urls.host)
        return access

    def offer(self) -> SiteOffer:
        """What this login may ask for. Empty if the site does not say, as some do before the first job of a login."""
        sites = self._get_json(Call("GET", self.urls.sites), params={"num": "1"}).get("sites")
        if not isinstance(sites, list) or not sites:
            return SiteOffer(queues={}, budgets=())
        call = Call("GET", self.urls.target_system(str(sites[0])))
        return site_offer(self._get_json(call, params={"fields": "resources,remainingComputeTime"}))

    def issue_token(self, *, seconds: int) -> IssuedToken:
        """A token that stands for our login at this site, and only there, for `seconds`. It can get its own successor.

        Some sites give a token to anybody, so see with `access` whom it stands for.
        """
        call = Call("GET", self.urls.token)
        wanted = {"renewable": "true", "limited": "true", "lifetime": str(seconds)}
        answer = self._transport.request(call, params=wanted, headers={"Accept": "text/plain"})
        token = issued_token(answer.content)
        if token is None:
            raise not_unicore(self.urls.host)
        return token

    def _act(self, job_url: str, name: str) -> None:
        call = Call("POST", self.urls.action(job_url, name), about_job=True)
        self._transport.request(call, json={})

    def _status_or_error(self, job_url: str) -> JobStatus | SiteError:
        try:
            return self.status(job_url)
        except SiteError as error:
            return error

    def _get_json(self, call: Call, *, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        response = self._transport.request(call, params=params)
        return _json_object(response, self.urls.host)


def _json_object(response: Answer, host: str) -> Mapping[str, Any]:
    try:
        document = response.json()
    except ValueError:
        raise not_unicore(host) from None
    if not isinstance(document, dict):
        raise not_unicore(host)
    return document
