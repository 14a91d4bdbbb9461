"""Code over ssh: by a key that Mantik makes, at a host that first knows nothing of it."""

from __future__ import annotations

import warnings
from pathlib import Path

from connections.models import Connection
from projects.models import CodeRepository
from tests.canary.search import Canary
from tests.canary.story import SLUG, Story
from tests.connections.git.ssh_host import LEFT_OUT, SshHost, running_ssh_host

CODE = f"/projects/{SLUG}/code/"


def read_code_by_ssh(story: Story, directory: Path) -> list[Canary]:
    """What may be nowhere afterwards. Nothing is made where OpenSSH's server is not installed, outside CI."""
    with running_ssh_host(directory) as host:
        if host is None:
            warnings.warn(LEFT_OUT, stacklevel=2)
            return []
        return _read(story, host)


def _read(story: Story, host: SshHost) -> list[Canary]:
    url = f"{host.address}{story.scene.repository.path}"
    story.scene.repository.commit("Over ssh")
    story.confirm()
    page = story.post(f"{CODE}add/", name="by ssh", url=url, platform="other", connection="new-key")
    assert "Add the public key" in story.fetched().fetch_error
    key = Connection.objects.get(kind=Connection.Kind.SSH_KEY)
    host.let_in(key.public_key)
    # Long enough for the processes of a fetch to be seen.
    host.slow_down(0.3)
    assert _test(story, page).fetch_error == ""
    host.change_host_key()
    host.restart()
    assert "presents a different host key than before" in _test(story, page).fetch_error
    story.confirm()
    story.post(f"{page}host-key/", fingerprint=host.fingerprint)
    assert story.fetched().fetch_error == ""
    private = Canary("a private key for git", key.reveal_secret().splitlines()[3])
    story.post(f"{page}delete/")
    return [private]


def _test(story: Story, page: str) -> CodeRepository:
    story.post(f"{page}refresh/")
    return story.fetched()
