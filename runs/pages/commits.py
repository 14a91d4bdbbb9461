"""Links to commits at their git host."""

from projects.code.host_pages import page_of
from projects.models import CodeRepository
from runs.models import Run

_PATHS: dict[str, str] = {
    CodeRepository.Platform.GITHUB: "commit",
    CodeRepository.Platform.GITLAB: "-/commit",
    CodeRepository.Platform.BITBUCKET: "commits",
}


def commit_url(run: Run) -> str | None:
    """The address of the commit's page at its git host; None if the host has no such pages or the commit is unknown."""
    if run.newest_of or not run.commit_sha:
        return None
    return commit_url_of(platform=run.code_platform, url=run.code_url, sha=run.commit_sha)


def commit_url_of(*, platform: str, url: str, sha: str) -> str | None:
    page, path = page_of(platform=platform, url=url), _PATHS.get(platform)
    return f"{page}/{path}/{sha}" if page and path else None
