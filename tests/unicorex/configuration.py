"""Everything a UNICORE/X needs in its working directory: key, users, queues and properties."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from mantik.demo.sandbox.cut_off import command as cut_off_command
from mantik.demo.sandbox.queues import DEFAULT_FILE
from mantik.demo.sandbox.users import SiteUser
from tests.unicorex.install import HERE, UnicoreXError

_TEMPLATES = HERE / "config"
SHELL = _TEMPLATES / "shell"
_OIDC = Template("""\
container.security.rest.authentication.OAUTH.class=eu.unicore.services.rest.security.OAuthAuthenticator
container.security.rest.authentication.OAUTH.address=$userinfo
container.security.rest.authentication.OAUTH.identityAssign="$name"
""")


@dataclass(frozen=True)
class Settings:
    """What differs between two servers. `quota` limits the jobs of one user, `most_lifetime` (seconds) how much longer
    somebody may let a job live; None means no limit.

    With `userinfo`, the address of an OpenID provider's userinfo endpoint, its access tokens are taken, too.
    `cut_off`: jobs have no network.
    """

    directory: Path
    port: int
    https: bool
    users: Sequence[SiteUser]
    quota: int | None = None
    most_lifetime: int | None = None
    userinfo: str | None = None
    cut_off: bool = False

    @property
    def external_url(self) -> str:
        return f"{'https' if self.https else 'http'}://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.directory / "site.pem"

    @property
    def properties(self) -> Path:
        return self.directory / "ux.config"

    @property
    def public_keys(self) -> Path:
        """The server's stand-in for everybody's authorized_keys, which it reads again when it changes."""
        return self.directory / "ssh-keys.txt"


def write_configuration(settings: Settings) -> None:
    """Fill the working directory. What is there already (key, jobs, database) is kept."""
    directory = settings.directory
    if " " in str(directory):
        raise UnicoreXError(f"UNICORE/X cannot work below a path with a blank: {directory}.")
    for name in ("data", "jobs", "home"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    # The queues are those of the sandbox site: one contract, one set of queues.
    shutil.copyfile(DEFAULT_FILE, directory / "idb.json")
    shutil.copyfile(_TEMPLATES / "log4j2.properties", directory / "log4j2.properties")
    _write_shell(directory / "shell", cut_off=settings.cut_off)
    password = _ensure_key(directory)
    _write_private(directory / "users.txt", "".join(_password_line(user) for user in settings.users))
    settings.public_keys.touch(mode=0o600)
    names = {name: _attributes(user) for user in settings.users for name in (user.dn, _oidc_name(user.login))}
    _write_private(directory / "attributes.json", json.dumps(names))
    _write_private(settings.properties, _properties(settings, password))


def _write_shell(path: Path, *, cut_off: bool) -> None:
    first, _, rest = SHELL.read_text().partition("\n")
    leave = (
        f'[ -n "$CUT_OFF" ] || CUT_OFF=1 exec {shlex.join(cut_off_command())} /bin/bash "$0" "$@"\n' if cut_off else ""
    )
    path.write_text(f"{first}\n{leave}{rest}")
    path.chmod(0o755)


def _properties(settings: Settings, password: str) -> str:
    quota = f"container.services.maxInstancesPerUser.JobManagement={settings.quota}"
    most_lifetime = f"container.services.lifetime.maximum.JobManagement={settings.most_lifetime}"
    oidc = _OIDC.substitute(userinfo=settings.userinfo, name=_oidc_name('"+sub+"'))
    return Template((_TEMPLATES / "ux.config.in").read_text()).substitute(
        directory=settings.directory,
        port=settings.port,
        external_url=settings.external_url,
        ssl="true" if settings.https else "false",
        keystore_password=password,
        quota=quota if settings.quota else "",
        most_lifetime=most_lifetime if settings.most_lifetime else "",
        oidc_order=" OAUTH" if settings.userinfo else "",
        oidc=oidc if settings.userinfo else "",
    )


def _oidc_name(login: str) -> str:
    """Under which the server knows somebody who comes with an access token of the OpenID provider."""
    return f"CN={login}, OU=OIDC, O=UNICORE"


def _password_line(user: SiteUser) -> str:
    # The server's own file format prescribes MD5; these are throw-away passwords of a loopback server.
    salt = secrets.token_hex(8)
    digest = hashlib.md5((salt + user.password).encode()).hexdigest()
    return f"{user.login}:{digest}:{salt}:{user.dn}\n"


def _attributes(user: SiteUser) -> dict[str, list[str]]:
    return {"role": [user.role], "xlogin": [user.uid], "group": [user.group]}


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _ensure_key(directory: Path) -> str:
    """The password of the key store, which is made if it is not there."""
    secret, store, certificate = (directory / name for name in ("site.secret", "site.p12", "site.pem"))
    if certificate.exists():
        return secret.read_text()
    store.unlink(missing_ok=True)
    _write_private(secret, secrets.token_urlsafe(24))
    common = ["-keystore", str(store), "-storetype", "PKCS12", "-storepass:file", str(secret), "-alias", "site"]
    _keytool("-genkeypair", *common, *_key_options())
    _keytool("-exportcert", *common, "-rfc", "-file", str(certificate))
    return secret.read_text()


def _key_options() -> list[str]:
    names = "SAN=dns:localhost,ip:127.0.0.1"
    subject = "CN=Test Site, O=UNICORE, C=EU"
    return ["-keyalg", "RSA", "-keysize", "2048", "-validity", "365", "-dname", subject, "-ext", names]


def _keytool(*arguments: str) -> None:
    done = subprocess.run(["keytool", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise UnicoreXError(f"keytool {arguments[0]} did not work: {(done.stdout + done.stderr).strip()}")
