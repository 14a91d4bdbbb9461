"""Files of Git LFS: a commit holds pointers, the host has the files, and its batch API says where they are.

They are fetched over https only, only from addresses that were checked, with limits of time and size. A file has to
have the SHA-256 of its pointer.
"""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from connections.git.errors import GitError
from connections.git.lfs_store import ObjectStore, Pointer, WrongContent
from connections.git.place import disk_explained
from mantik.lib.outbound import AddressRefused, GuardedBackend

_JSON = "application/vnd.git-lfs+json"
# How many files one question to the batch API names. The API recommends at most 100.
_BATCH = 100
# Bytes of an answer of the batch API.
_MAX_JSON = 8 * 1024**2
_MAX_REDIRECTS = 5
# The letters that an address can be made of.
_VISIBLE = re.compile(r"[!-~]+")
_UNREADABLE = "could not be fetched: its host names an address that cannot be read"
_UNSENDABLE = "could not be fetched: its host wants to be asked in a way that HTTP does not know"
_TIMEOUTS = {"connect": 10.0, "read": 60.0, "write": 60.0, "pool": 60.0}


@dataclass(frozen=True)
class LfsServer:
    """A Git LFS server. `url` is that of its API, such as https://host/group/code.git/info/lfs.

    `headers` are sent to its host and to no other. Raises GitError for a URL that cannot be read.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        try:
            _check_readable(self.url)
        except ValueError:
            raise GitError(
                "The address of its Git LFS server cannot be read.", code="lfs.address", permanent=True
            ) from None

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


class _Refused(Exception):
    """A file cannot be fetched, now or later. The text is the rest of a sentence that begins with the file's name."""


def basic_auth(login: str, token: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{login}:{token}'.encode()).decode()}"}


def fetch_objects(
    server: LfsServer, pointers: Iterable[Pointer], store: ObjectStore, *, ca_bundle: Path | None, deadline: float
) -> dict[str, str]:
    """Fetch what `store` does not have yet. Returns by oid why a file could not be fetched, as the end of a sentence.

    `deadline` is monotonic. Raises GitError if trying again later can help.
    """
    missing = [pointer for pointer in dict.fromkeys(pointers) if not store.has(pointer)]
    with _Client(server, ca_bundle, deadline) as client:
        reasons: dict[str, str] = {}
        for start in range(0, len(missing), _BATCH):
            reasons |= client.bring(missing[start : start + _BATCH], store)
    return reasons


class _Client:
    def __init__(self, server: LfsServer, ca_bundle: Path | None, deadline: float) -> None:
        self.server = server
        self.deadline = deadline
        trusted = ca_bundle or os.environ.get("GIT_SSL_CAINFO") or None
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(cafile=trusted), network_backend=GuardedBackend()
        )

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def bring(self, pointers: Sequence[Pointer], store: ObjectStore) -> dict[str, str]:
        try:
            answers = self._ask(pointers)
        except _Refused as refused:
            return {pointer.oid: str(refused) for pointer in pointers}
        reasons: dict[str, str] = {}
        for pointer in pointers:
            try:
                self._download(answers.get(pointer.oid, {}), pointer, store)
            except _Refused as refused:
                reasons[pointer.oid] = str(refused)
        return reasons

    def _ask(self, pointers: Sequence[Pointer]) -> dict[str, dict[str, Any]]:
        """What the batch API says of each pointer, by oid."""
        objects = [{"oid": pointer.oid, "size": pointer.size} for pointer in pointers]
        question = {"operation": "download", "transfers": ["basic"], "objects": objects, "hash_algo": "sha256"}
        headers = {"accept": _JSON, "content-type": _JSON, **self.server.headers}
        with self._stream("POST", f"{self.server.url}/objects/batch", headers, json.dumps(question).encode()) as answer:
            _check_status(answer.status, self.server.host)
            content = b"".join(self._pieces(answer, _MAX_JSON, self.server.host))
        try:
            found = json.loads(content)["objects"]
            return {str(entry["oid"]): entry for entry in found}
        except (ValueError, KeyError, TypeError, RecursionError):
            raise _Refused(f"could not be fetched: the answer of {self.server.host} is not that of Git LFS") from None

    def _download(self, answer: dict[str, Any], pointer: Pointer, store: ObjectStore) -> None:
        href, headers = self._action(answer)
        for _ in range(_MAX_REDIRECTS + 1):
            with self._stream("GET", href, headers, None) as response:
                location = _location(response)
                if location is None:
                    host = urlsplit(href).netloc
                    _check_status(response.status, host)
                    self._keep(response, pointer, store, host)
                    return
            there = _joined(href, location)
            if _origin(there) != _origin(href):
                headers = {}
            href = there
        raise _Refused("could not be fetched: its host redirects without end")

    def _action(self, answer: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Where the file is, and the headers to ask for it with."""
        try:
            action = answer["actions"]["download"]
            address = str(action["href"])
            headers = {str(name).lower(): str(value) for name, value in (action.get("header") or {}).items()}
        except (KeyError, TypeError, AttributeError, ValueError):
            raise _Refused(f"is not at {self.server.host}. Perhaps it was never pushed there") from None
        href = _joined(self.server.url, address)
        if _origin(href) == _origin(self.server.url) and "authorization" not in headers:
            headers |= self.server.headers
        return href, headers

    def _keep(self, response: httpcore.Response, pointer: Pointer, store: ObjectStore, host: str) -> None:
        try:
            with disk_explained(f"the Git LFS files of {self.server.host}"):
                store.put(pointer, self._pieces(response, pointer.size, host))
        except WrongContent:
            raise _Refused("arrived with other content than its pointer says") from None

    def _pieces(self, response: httpcore.Response, most: int, host: str) -> Iterator[bytes]:
        """The body of `response`, up to the piece that exceeds `most` bytes: a reader sees that it is too long."""
        size = 0
        try:
            for piece in response.iter_stream():
                size += len(piece)
                yield piece
                if size > most:
                    return
                self._check_time()
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            raise _unreachable(host) from None

    def _stream(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> _Open:
        self._check_time()
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise _Refused(f"is not offered over https by {self.server.host}")
        return _Open(self._pool, method, url, headers, content)

    def _check_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise GitError(
                f"Fetching Git LFS files from {self.server.host} took too long and was stopped. Mantik tries "
                "again. If there are many large files, ask an operator to raise MANTIK_GIT_TIMEOUT.",
                code="timeout",
                permanent=False,
            )


class _Open:
    """For `with`: a request, and inside the block its response, whose body is still to be read."""

    def __init__(
        self, pool: httpcore.ConnectionPool, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> None:
        raw = [(b"user-agent", b"Mantik"), (b"accept-encoding", b"identity")]
        # A name that is not ASCII becomes one that HTTP does not allow, which is refused below. Letters of a value that
        # HTTP cannot send are left out.
        raw += [(name.encode("ascii", "replace"), value.encode("latin-1", "ignore")) for name, value in headers.items()]
        self._host = urlsplit(url).netloc
        self._stream = pool.stream(method, url, headers=raw, content=content, extensions={"timeout": _TIMEOUTS})

    def __enter__(self) -> httpcore.Response:
        try:
            return self._stream.__enter__()
        except httpcore.ConnectError as error:
            # The pool raises another error, which has the cause as its context only.
            if isinstance(error.__context__, AddressRefused):
                raise _Refused(f"could not be fetched: {str(error.__context__).rstrip('.')}") from None
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise _Refused(f"could not be fetched: the certificate of {self._host} could not be verified") from None
            raise _unreachable(self._host) from None
        except httpcore.LocalProtocolError:
            # Nothing was sent, and trying again would send nothing either.
            raise _Refused(_UNSENDABLE) from None
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
            raise _unreachable(self._host) from None

    def __exit__(self, *error: Any) -> None:
        self._stream.__exit__(*error)


def _check_status(status: int, host: str) -> None:
    if status in (401, 403):
        raise _Refused(f"is not available to this login at {host}")
    if status == 429 or status >= 500:
        raise _unreachable(host)
    if status != 200:
        raise _Refused(f"could not be fetched: {host} answered with the HTTP status {status}")


def _location(response: httpcore.Response) -> str | None:
    if response.status not in (301, 302, 303, 307, 308):
        return None
    return next((value.decode("latin-1") for name, value in response.headers if name.lower() == b"location"), None)


def _joined(base: str, address: str) -> str:
    """The URL of `address`, which was found at `base`. Raises _Refused if it cannot be read."""
    try:
        url = urljoin(base, address)
        _check_readable(url)
    except ValueError:
        raise _Refused(_UNREADABLE) from None
    return url


def _check_readable(url: str) -> None:
    """Raise ValueError for a URL that cannot be used. Without this check, later code could raise any error for it."""
    if not _VISIBLE.fullmatch(url):
        raise ValueError(url)
    parts = urlsplit(url)
    # Reading the port checks it, and encoding the name finds one that no name service can be asked for.
    _ = parts.port
    (parts.hostname or "").encode("idna")


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or 443


def _unreachable(host: str) -> GitError:
    return GitError(f"{host} does not serve Git LFS files at the moment.", code="unreachable", permanent=False)
