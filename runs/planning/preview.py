"""What RUN! would do with a filled-in form, as its preview shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from connections.git.values import Commit
from mantik.lib.humanize import core_hours, counted, filesize
from projects.code.listing import MOST_PATHS, Listed
from projects.code.stored import StoredCode, StoredWhole
from runs.backend_config import ExcludeTooSlow
from runs.job import VARIABLES, JobRun, environment_file, goes_along, job_description, layout, shareable
from runs.job.pack import Chosen, choose
from runs.pages.commits import commit_url_of
from runs.planning.plan import Plan
from runs.planning.preview_tracking import tracking_shown
from runs.submission.run_files import RunFiles

# In place of the id and the name that the stored run will have.
NOT_YET = "new"
# How many paths a note or a list of warnings names.
PATHS_NAMED = 3


def preview_of(plan: Plan, *, account: str, name: str) -> dict[str, Any] | None:
    """Context of runs/_preview_card.html; None while too little is chosen. Starts no git."""
    if plan.commit is None or plan.choices.code_repository is None:
        return None
    files, code = _files(plan), StoredCode(plan.choices.code_repository)
    shown: dict[str, Any] = {
        "commit": _commit(plan, plan.commit),
        "warnings": plan.warnings,
        "problems": list(dict.fromkeys(chain.from_iterable(plan.problems.values()))),
    }
    if plan.config:
        at_most = plan.config.core_hours_at_most()
        shown |= {"asks": plan.config.describe(), "at_most": "" if at_most is None else core_hours(at_most)}
    if files:
        run = JobRun(short_id=NOT_YET, name=name or NOT_YET, commit=plan.commit.sha, account=account)
        script = files.script(run)
        own = script.partition("\n# This run\n")[2].strip("\n")
        shown |= {"command": files.command_line.strip(), "script": script, "own_script": own}
        shown |= {"description": _description(files, run, script)}
        tracking = tracking_shown(files, code.named_servers(plan.commit.sha))
        shown |= {"tracking": tracking.way, "tracking_note": tracking.note}
        archive = _archive(plan.commit, code, files)
        shown |= archive | {"warnings": [*plan.warnings, *tracking.warnings, *archive.get("warnings", [])]}
    return shown


def _files(plan: Plan) -> RunFiles | None:
    if plan.mlproject is None or plan.entry_point is None or plan.config is None or not plan.command_line:
        return None
    return RunFiles(plan.mlproject, plan.entry_point, plan.config, plan.command_line)


def _commit(plan: Plan, commit: Commit) -> dict[str, Any]:
    code = plan.choices.code_repository
    assert code
    return {
        "sha": commit.sha,
        "subject": commit.subject,
        "author": commit.author,
        "committed_at": commit.committed_at,
        "url": commit_url_of(platform=code.platform, url=code.url, sha=commit.sha),
    }


def _description(files: RunFiles, run: JobRun, script: str) -> str:
    description = shareable(
        job_description(
            run=run,
            config=files.config,
            tags=["(made when RUN! is pressed)"],
            script=script,
            environment=environment_file(dict.fromkeys(VARIABLES, "")),
            code_sha256="(made from the archive)",
            # The same is hidden.
            seed="-" if files.has_relay else None,
            # That there is one; `shareable` hides it.
            notification_url="-",
        )
    )
    description["Imports"] = [
        {**item, "Data": "(the job script)"} if item["To"] == layout.SCRIPT else item for item in description["Imports"]
    ]
    return json.dumps(description, indent=2, ensure_ascii=False)


def _archive(commit: Commit, stored: StoredCode, files: RunFiles) -> dict[str, Any]:
    try:
        return _counted(commit, stored, files)
    except ExcludeTooSlow as error:
        return {"archive": "not counted", "archive_note": "", "warnings": [str(error)]}


def _counted(commit: Commit, stored: StoredCode, files: RunFiles) -> dict[str, Any]:
    """How much code is sent. The files are only listed, not packed: a preview has to keep up with typing."""
    exclude = files.config.exclude
    code = stored.whole(commit.sha, wanted=lambda path: goes_along(path, exclude, files.kept))
    if code is None:
        return {}
    if not code.is_whole:
        more = f"more than {counted(MOST_PATHS, 'file')}"
        return {"archive": more, "archive_note": "they are counted when they are packed"}
    chosen = choose(code.entries, exclude, files.kept, code.missing | dict.fromkeys(code.later, ""))
    size = sum(entry.size or 0 for entry in chosen.files)
    left_out = [entry for entry in chosen.left_out if entry.reason]
    return {
        "archive": f"{filesize(size)}, {counted(len(chosen.files), 'file')}",
        "archive_note": ", ".join(_notes(exclude.patterns, chosen, code)),
        "warnings": list(_left_out(left_out)),
    }


def _left_out(entries: Sequence[object]) -> Iterator[str]:
    yield from (f"{entry}." for entry in entries[:PATHS_NAMED])
    if (more := len(entries) - PATHS_NAMED) > 0:
        yield f"And {more} more."


def _named(paths: Sequence[str]) -> str:
    more = len(paths) - PATHS_NAMED
    return ", ".join(paths[:PATHS_NAMED]) + (f" and {more} more" if more > 0 else "")


def _notes(patterns: Iterable[str], chosen: Chosen[Listed], code: StoredWhole) -> list[str]:
    notes = [f"{', '.join(patterns)} left out"] if chosen.excluded else []
    if later := code.later:
        notes.append(f"{_named(later)} fetched from {'its' if len(later) == 1 else 'their'} own host")
    if lfs_bytes := sum(entry.lfs_bytes for entry in chosen.files):
        notes.append(f"plus {filesize(lfs_bytes)} of Git LFS files")
    return notes
