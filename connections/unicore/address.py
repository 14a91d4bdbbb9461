"""The addresses of a site. All are made from its base URL and a job's id; no link in an answer is ever followed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from connections.unicore.errors import SiteOutcomeUnknown, SiteRefused
from connections.unicore.wording import clean

_JOB_PATH = re.compile(r"/jobs/([A-Za-z0-9][A-Za-z0-9._-]*)/?$")
_TARGET_SYSTEM_PATH = re.compile(r"/sites/([A-Za-z0-9][A-Za-z0-9._-]*)/?$")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")


class BadBaseUrl(SiteRefused):
    """A base URL cannot be used. `sentence` says why; `message` also who can correct that of a stored site."""

    def __init__(self, problem: str) -> None:
        self.sentence = f"The REST base URL of this site {problem}."
        super().__init__(f"{self.sentence} An operator can correct it.", code="refused.base_url")


@dataclass(frozen=True)
class SiteUrls:
    """`base` has no trailing slash; `host` is how sentences name the site."""

    base: str
    host: str

    @property
    def jobs(self) -> str:
        return f"{self.base}/jobs"

    @property
    def sites(self) -> str:
        """UNICORE's word for its target systems: what a login may submit to. Most servers have one."""
        return f"{self.base}/sites"

    @property
    def token(self) -> str:
        return f"{self.base}/token"

    def target_system(self, url: str) -> str:
        """The target system of `url`, under our own base. Raises SiteRefused if `url` is not one's."""
        match = _TARGET_SYSTEM_PATH.search(urlsplit(url).path)
        if match is None:
            raise SiteRefused(f"{shown(url)} is not the URL of a target system.", code="refused.answer")
        return f"{self.sites}/{match[1]}"

    def job(self, job_url: str) -> str:
        """The URL of the job that `job_url` names, under our own base, wherever that URL points."""
        return f"{self.jobs}/{job_id(job_url)}"

    def action(self, job_url: str, name: str) -> str:
        return f"{self.job(job_url)}/actions/{name}"

    def directory(self, job_url: str) -> str:
        """The URL of the job's working directory, which is a storage in UNICORE."""
        return f"{self.base}/storages/{job_id(job_url)}-uspace"

    def file(self, job_url: str, path: str) -> str:
        """The URL of the file `path` in the job's directory. Raises ValueError for a path that leads elsewhere."""
        parts = path.split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise ValueError(f"Not a path inside a job's directory: {path!r}")
        return f"{self.directory(job_url)}/files/{'/'.join(quote(part, safe='') for part in parts)}"

    def adopt(self, location: str) -> str:
        """The job that a site's Location names, as our own URL. Raises SiteOutcomeUnknown for one elsewhere."""
        try:
            found = urlsplit(urljoin(f"{self.base}/", location.strip()))
            is_ours = _place(found) == _place(urlsplit(self.base)) and found.path.startswith(
                f"{urlsplit(self.base).path}/jobs/"
            )
            if is_ours and not found.query:
                return self.job(found.path)
        except (ValueError, SiteRefused):
            pass
        raise SiteOutcomeUnknown(
            f"{self.host} took the job, but says that it is at {shown(location)}, which is not under {self.base}. "
            "The site's base URL may be wrong.",
            code="unknown.location",
        )


def site_urls(base_url: str) -> SiteUrls:
    """The addresses below a base URL, which is checked and tidied.

    Raises BadBaseUrl, whose message never repeats a password that somebody put into the URL.
    """
    try:
        parts = urlsplit(base_url.strip())
        port = parts.port
        host = parts.hostname or ""
        # A name with an empty or too long label would be refused only when it is looked up.
        host.encode("idna")
    except (ValueError, UnicodeError):
        raise BadBaseUrl("cannot be read") from None
    if not host.isascii():
        raise BadBaseUrl("has a host with letters beyond ASCII; write it as it is registered, with xn--")
    if parts.username is not None or parts.password is not None:
        raise BadBaseUrl("contains credentials, which belong in the connection")
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.query or parts.fragment:
        raise BadBaseUrl("is not of the form https://host:port/SITE/rest/core")
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise BadBaseUrl("begins with http://, which would send passwords unencrypted; use https://")
    netloc = f"[{host}]" if ":" in host else host
    netloc = netloc if port is None else f"{netloc}:{port}"
    return SiteUrls(f"{parts.scheme}://{netloc}{quote(parts.path.rstrip('/'), safe='/%~')}", netloc)


def job_id(job_url: str) -> str:
    """The id of the job that `job_url` names. Raises SiteRefused if it is not the URL of a job."""
    match = _JOB_PATH.search(urlsplit(job_url).path)
    if match is None:
        raise SiteRefused(f"{shown(job_url)} is not the URL of a job.", code="refused.job_url")
    return match[1]


def shown(url: str) -> str:
    """`url` as a sentence may repeat it: short, printable and without userinfo or query."""
    return clean(re.sub(r"(?<=//)[^/@]*@", "", url.split("?")[0]), limit=300)


def _place(parts: SplitResult) -> tuple[str, str, int]:
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme, 0)
