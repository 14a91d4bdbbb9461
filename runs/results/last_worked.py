"""Since it last worked: what changed between a failed run and the last finished one of the same kind."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from projects.code.host_pages import page_of
from projects.models import CodeRepository
from runs.models import Run
from runs.querysets import RunQuerySet
from runs.results.comparison import compare_url
from runs.results.differences import Row, alike, compare_facts
from runs.states import FAILURES, RunState

# Of how many finished runs before it one of the same kind is looked for: a project may have a million.
MOST_LOOKED_AT = 2000
_RANGES: dict[str, str] = {
    CodeRepository.Platform.GITHUB: "compare/{old}...{new}",
    CodeRepository.Platform.GITLAB: "-/compare/{old}...{new}",
    CodeRepository.Platform.BITBUCKET: "branches/compare/{new}..{old}",
}
# Who started a run says nothing about why it failed.
_LEFT_OUT = "Run"


@dataclass(frozen=True)
class LastWorked:
    """`rows` is what differs: the finished run first, then the failed one. `commits_url` shows all between."""

    run: Run
    url: str
    rows: list[Row]
    alike: str
    commits_url: str | None
    compare_url: str


def since_it_last_worked(run: Run) -> LastWorked | None:
    """None unless `run` has failed, and there is a finished run of its schedule or of its entry point before it."""
    if run.run_state not in FAILURES or run.is_local:
        return None
    last = _last_finished(run)
    if last is None:
        return None
    last.project = run.project
    rows = [row for row in compare_facts([last, run]) if row.name.group != _LEFT_OUT]
    return LastWorked(
        run=last,
        url=reverse("runs:detail", args=[run.project.slug, last.uuid]),
        rows=[row for row in rows if row.differs],
        alike=", ".join(group.lower() for group in alike(rows)),
        commits_url=commits_url(last, run),
        compare_url=compare_url("compare", run.project, [last, run]),
    )


def commits_url(old: Run, new: Run) -> str | None:
    """The page at the git host that has all commits between; None if the host has no such page, or there are none."""
    if old.commit_sha == new.commit_sha or old.code_url != new.code_url or new.newest_of:
        return None
    page = page_of(platform=new.code_platform, url=new.code_url)
    path = _RANGES.get(new.code_platform)
    return f"{page}/{path.format(old=old.commit_sha, new=new.commit_sha)}" if page and path else None


def _last_finished(run: Run) -> Run | None:
    """Of its schedule, if it is of one that has worked; else of its entry point."""
    slot = getattr(run, "slot", None)
    of_schedule = Q(slot__schedule=slot.schedule_id) if slot else None
    same = Q(code_url=run.code_url, mlproject_path=run.mlproject_path, entry_point=run.entry_point)
    return (_newest(_before(run).filter(of_schedule)) if of_schedule else None) or _newest(_recent(run).filter(same))


def _before(run: Run) -> RunQuerySet:
    """Finished runs of its project that were stored before it."""
    earlier = Q(created_at__lt=run.created_at) | Q(created_at=run.created_at, pk__lt=run.pk)
    return Run.objects.filter(earlier, project=run.project_id, state=RunState.FINISHED).without_local()


def _recent(run: Run) -> RunQuerySet:
    newest = _before(run).newest_first().values_list("pk", flat=True)[:MOST_LOOKED_AT]
    return Run.objects.filter(pk__in=list(newest))


def _newest(runs: RunQuerySet) -> Run | None:
    return runs.select_related("experiment", "created_by", "registered_model").newest_first().first()
