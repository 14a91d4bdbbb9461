"""Code repositories whose pages have more to say than that all is well."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from connections.logins.ssh_keys import make_key_pair
from connections.models import Connection
from mantik.accounts.models import User
from projects.models import CodeRepository, Project
from tests.support import factories as make

HOST_KEYS = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
)


def build_code(project: Project, member: User) -> CodeRepository:
    """By an SSH key of `member`, at a host that presents another key than before."""
    pair = make_key_pair(comment=f"mantik {member.username}")
    key = make.make_connection(
        owner=member,
        kind=Connection.Kind.SSH_KEY,
        name="surrogates key",
        login_name="",
        public_key=pair.public,
        secret=pair.private,
    )
    made: CodeRepository = make.make_code_repository(
        project=project,
        name="surrogates",
        url="git@github.com:solar-cells-group/surrogate-models.git",
        platform=CodeRepository.Platform.GITHUB,
        created_by=member,
        connection=key,
        host_key=HOST_KEYS[0],
        offered_host_key=HOST_KEYS[1],
        fetched_at=timezone.now() - timedelta(days=2),
        fetch_failed_at=timezone.now() - timedelta(minutes=4),
        branch_count=12,
        default_branch="main",
        head_sha="5b1e0f7a9c3d2e4f60718293a4b5c6d7e8f90123",
        head_subject="Interpolate the irradiance between stations instead of taking the nearest one",
        head_author="Ada",
        head_committed_at=timezone.now() - timedelta(days=5),
        mirror_bytes=48_400_000,
    )
    made.fetch_error = (
        f"github.com presents a different host key than before: {made.offered_fingerprint} instead of "
        f"{made.fingerprint}. Nothing was sent, because this may be another machine. Ask the people who run the host; "
        "if the key is theirs, accept it on the page of the code repository."
    )
    made.save()
    return made
