"""A git host on a loopback port: smart HTTP over TLS through git's own http-backend, with a login."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Of the host in its certificate. No name service knows it.
NAME = "git.example.org"


@dataclass(frozen=True)
class Certificate:
    """PEM files; the certificate is its own authority."""

    certificate: Path
    key: Path


def make_certificate(directory: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName(NAME)]
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(directory / "host.pem", directory / "host.key")
    made.certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


class GitHost:
    """Serves `repository` as /group/code.git, and `others` by their names. Change the attributes while it runs.

    `objects` are files of Git LFS by their oid, which are found at `lfs_files` if that is given, else here, by who
    sends `lfs_header`, or by a redirect to `lfs_location`, or after `lfs_redirects` to the same place; `lfs_status`
    answers all questions about them. An answer with a file ends `cut` bytes early.
    `login` as (user, token) asks for it; `delay` makes every answer slow (seconds); `redirect` sends every
    request there, `redirects_to_git` those without .git as GitLab does; `status` answers all with that.
    `speaks_old_git`: not the protocol by which everybody may have any commit.
    """

    def __init__(self, repository: Path, certificate: Certificate) -> None:
        self.repository = repository
        self.others: dict[str, Path] = {}
        self.objects: dict[str, bytes] = {}
        self.lfs_files = ""
        self.lfs_header: dict[str, str] = {}
        self.lfs_location = ""
        self.lfs_redirects = 0
        self.lfs_status = 0
        self.cut = 0
        self.login: tuple[str, str] | None = None
        self.delay = 0.0
        self.redirect = ""
        self.redirects_to_git = False
        self.speaks_old_git = False
        self.status = 0
        self.requests: list[str] = []
        self.logins_seen: list[tuple[str, str]] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.host = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.address}/group/code.git"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    host: GitHost

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up, or distrust the certificate, are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""

    def _answer(self, body: bytes) -> None:
        host = self.server.host
        host.requests.append(self.path)
        time.sleep(host.delay)
        if host.redirect:
            self._plain(301, {"Location": host.redirect + self.path})
        elif host.redirects_to_git and self.path.startswith("/group/code/"):
            self._plain(301, {"Location": self.path.replace("code/", "code.git/", 1)})
        elif host.status:
            self._plain(host.status, {})
        elif host.login and self._login() != host.login:
            self._plain(401, {"WWW-Authenticate": 'Basic realm="code"'})
        elif "/lfs" in self.path and host.lfs_status:
            self._plain(host.lfs_status, {"Location": f"{host.address}/lfs/again"})
        elif "/lfs/" in self.path and self.command == "GET" and host.lfs_location:
            self._plain(302, {"Location": host.lfs_location})
        elif "/lfs/" in self.path and self.command == "GET" and self._redirects_again():
            self._plain(302, {"Location": self.path})
        elif "/lfs" in self.path:
            self._lfs(body)
        elif repository := self._repository():
            self._backend(repository, body)
        else:
            self._plain(404, {})

    def _redirects_again(self) -> bool:
        self.server.host.lfs_redirects -= 1
        return self.server.host.lfs_redirects >= 0

    def _repository(self) -> Path | None:
        _, group, name, *_ = [*self.path.split("/"), "", ""]
        known = {"code.git": self.server.host.repository} | self.server.host.others
        return known.get(name) if group == "group" else None

    def _lfs(self, body: bytes) -> None:
        host = self.server.host
        if self.path.endswith("/info/lfs/objects/batch"):
            content = json.dumps(
                {"objects": [self._lfs_object(wanted) for wanted in json.loads(body)["objects"]]}
            ).encode()
        else:
            content = host.objects[self.path.rpartition("/")[2]]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) + host.cut))
        self.end_headers()
        self.wfile.write(content)

    def _lfs_object(self, wanted: dict[str, Any]) -> dict[str, Any]:
        host, oid = self.server.host, wanted["oid"]
        if oid not in host.objects:
            return wanted | {"error": {"code": 404, "message": "Object does not exist"}}
        action = {"href": f"{host.lfs_files or host.address}/lfs/{oid}", "header": host.lfs_header}
        return wanted | {"actions": {"download": action}}

    def _login(self) -> tuple[str, str] | None:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return None
        user, _, token = base64.b64decode(value).decode().partition(":")
        self.server.host.logins_seen.append((user, token))
        return user, token

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _plain(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        page = b"<html>\n<body>\tNot git\n</html>\n" if status == 200 else b""
        for name, value in (headers | {"Content-Length": str(len(page))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def _backend(self, repository: Path, body: bytes) -> None:
        parts = urlsplit(self.path)
        environment = os.environ | {
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(repository / ".git"),
            "PATH_INFO": "/" + parts.path.split("/", 3)[3],
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": "" if self.server.host.speaks_old_git else self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
