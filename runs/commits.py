"""Where a commit can be looked at."""

from urllib.parse import urlsplit

from projects.models import CodeRepository
from runs.models import Run

_PATHS = {
    CodeRepository.Platform.GITHUB: "commit",
    CodeRepository.Platform.GITLAB: "-/commit",
    CodeRepository.Platform.BITBUCKET: "commits",
}


def commit_url(run: Run) -> str | None:
    """The commit's page at its git host, if the host is one that has such pages."""
    return commit_url_of(run.code_repository, run.commit_sha)


def commit_url_of(repository: CodeRepository, sha: str) -> str | None:
    path = _PATHS.get(CodeRepository.Platform(repository.platform))
    parts = urlsplit(repository.url)
    if path is None or parts.scheme != "https":
        return None
    return f"https://{parts.netloc}{parts.path.removesuffix('.git').rstrip('/')}/{path}/{sha}"
