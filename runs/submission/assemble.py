"""Makes what is sent to the site for a stored run: code archive, job script, job description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from connections.git.errors import GitError
from projects.code.mirrors import fetch_commit, fetch_or_raise, mirror_of, whole_code
from projects.models import CodeRepository
from runs.backend_config import ExcludeTooSlow
from runs.following.callback import notification_url
from runs.job import (
    JobRun,
    PackedCode,
    PackError,
    check_lfs,
    environment_file,
    goes_along,
    job_description,
    pack_code,
    relay_seed,
)
from runs.models import Run
from runs.planning.plan import Choices, make_plan, other_site
from runs.restored.marks import installation_tag
from runs.submission.create import code_columns
from runs.submission.run_files import NotPossible, RunFiles, read_files
from runs.tracking.gateway.callers import shown_name
from runs.tracking.mlflow_run import ensure_tracking_run
from runs.tracking.quota import bytes_left

# How many warnings the event names; it counts the others.
WARNINGS_NAMED = 5
# Codes of git errors that a fetch may fix.
MIRROR_PROBLEMS = frozenset({"mirror.missing", "mirror.unreadable", "commit.missing"})


@dataclass(frozen=True)
class PreparedJob:
    """A job to post: `describe` makes the description for the site, `columns` is what the run stores. `has_relay`: the
    job is sent the relay.

    To be used in a `with`, which closes the packed code.
    """

    describe: Callable[[str], Mapping[str, Any]]
    columns: Mapping[str, Any]
    code: PackedCode
    has_relay: bool

    @property
    def what_is_missing(self) -> tuple[str, str] | None:
        """The event that says which files the job lacks, by kind and message; None if it lacks nothing."""
        missing = files_missing(self.code)
        return ("code.incomplete", missing) if missing else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.code.close()


def files_missing(code: PackedCode) -> str:
    """Which files the job lacks, in sentences; "" if it lacks nothing."""
    warnings = code.warnings
    if not warnings:
        return ""
    more = f" And {len(warnings) - WARNINGS_NAMED} more." if len(warnings) > WARNINGS_NAMED else ""
    return f"Some of the code is missing in the job. {' '.join(warnings[:WARNINGS_NAMED])}{more}"


def prepare(run: Run, *, now: datetime) -> PreparedJob:
    """Make the MLflow run, pack the code, and prepare the job description, which lacks only the run token.

    Raises NotPossible, GitError, TrackingUnavailable and TrackingRefused.
    """
    files = read_files(run)
    if run.connection and (elsewhere := other_site(files.config, run.connection, path=run.backend_config_path)):
        # The address of a site can be corrected while a run waits.
        raise NotPossible(elsewhere)
    experiment_id, mlflow_run_id = ensure_tracking_run(run, now=now)
    script = files.script(job_run_of(run))
    with ExitStack() as on_error:
        code = on_error.enter_context(pack_run(run, now=now, files=files))
        missing = files_missing(code)
        _require_all_if_needed(run, missing)
        is_inline = code.size <= settings.MANTIK_SUBMIT_INLINE_BYTES
        tags = [run.submission_tag, installation_tag()]

        def describe(token: str) -> Mapping[str, Any]:
            """The description, which holds secrets, for a job that logs with this run token."""
            return job_description(
                run=job_run_of(run),
                config=files.config,
                tags=tags,
                script=script,
                environment=environment_file(job_environment(run, experiment_id, mlflow_run_id, token)),
                code_sha256=code.sha256,
                missing=missing,
                seed=_seed(run, files, experiment_id, mlflow_run_id, token) if files.has_relay else None,
                code_base64=code.base64() if is_inline else None,
                notification_url=notification_url(run.uuid),
            )

        columns = {
            "job_script": script,
            "tree_sha": mirror_of(_code_repository(run)).tree(run.commit_sha),
            "code_sha256": code.sha256,
            "code_size": code.size,
            "code_is_inline": is_inline,
            "code_missing": missing,
            "mlflow_experiment_id": experiment_id,
            "mlflow_run_id": mlflow_run_id,
        }
        # From here on the PreparedJob closes the code.
        on_error.pop_all()
    return PreparedJob(describe, columns, code, files.has_relay)


def _seed(run: Run, files: RunFiles, experiment_id: str, mlflow_run_id: str, token: str) -> str:
    return relay_seed(
        run_id=mlflow_run_id,
        run_name=run.name,
        user=run.created_by.username,
        experiment_id=experiment_id,
        experiment_name=shown_name(run.experiment),
        token=token,
        journal_bytes=settings.MANTIK_TRACKING_JOURNAL_MAX_BYTES,
        file_bytes=bytes_left(run),
        sample=files.config.tracking.system_metrics,
        platform=settings.MANTIK_TRACKING_URI,
    )


def newest_of_branch(run: Run, *, now: datetime) -> tuple[dict[str, Any], tuple[str, str]]:
    """Fetch the newest commit of the run's branch. Returns its columns, and the event about it by kind and message.

    Raises NotPossible if that commit cannot be run, and GitError.
    """
    code = _require_unmoved(run)
    fetch_or_raise(code, now=now)
    plan = make_plan(choices_of(run, code), mirror_of(code))
    if plan.problems:
        reasons = " ".join(sentence for sentences in plan.problems.values() for sentence in sentences)
        raise NotPossible(f"The newest commit of {run.branch} cannot be run. {reasons}")
    columns = code_columns(plan)
    message = f"The newest commit of {run.branch} is {columns['commit_sha'][:8]}."
    return columns | {"commit_pending": False}, ("commit.read", message)


def choices_of(run: Run, code: CodeRepository) -> Choices:
    """What was asked for when the run was stored, for a commit of `code` that it is still to get."""
    return Choices(
        code_repository=code,
        branch=run.branch,
        mlproject_path=run.mlproject_path,
        entry_point=run.entry_point,
        parameters=run.parameters,
        backend_config_path=run.backend_config_path,
        connection=run.connection,
        compute_budget_account=run.compute_budget_account,
        # The site decides about the job; what it said at the last test of the connection may be old by now.
        run_anyway=True,
    )


def pack_run(run: Run, *, now: datetime, files: RunFiles | None = None) -> PackedCode:
    """Pack the code of the run's commit; the same commit gives the same bytes. Raises NotPossible and GitError."""
    files = files or read_files(run)
    try:
        return _pack(run, files, now)
    except GitError as error:
        if error.code not in MIRROR_PROBLEMS:
            raise
    # The mirror of this machine may be older than the run, or be missing altogether.
    code = _require_unmoved(run)
    fetch_or_raise(code, now=now)
    if not mirror_of(code).has(run.commit_sha):
        # A forced push has taken it from its branch, after the fetch of the machine where the run was stored.
        fetch_commit(code, run.commit_sha)
    return _pack(run, files, now)


def _pack(run: Run, files: RunFiles, now: datetime) -> PackedCode:
    exclude, limit = files.config.exclude.for_packing(), settings.MANTIK_CODE_MAX_BYTES
    try:
        code = whole_code(
            _code_repository(run),
            run.commit_sha,
            wanted=lambda path: goes_along(path, exclude, files.kept),
            check_lfs=lambda size: check_lfs(size, limit_bytes=limit),
            before_fetching=lambda: _require_unmoved(run),
            now=now,
        )
        return pack_code(
            entries=code.entries,
            blobs=code.blobs,
            exclude=exclude,
            keep=files.kept,
            missing=code.missing,
            limit_bytes=limit,
            mtime=int(run.committed_at.timestamp()) if run.committed_at else 0,
        )
    except PackError as error:
        raise NotPossible(error.message) from None
    except ExcludeTooSlow as error:
        raise NotPossible(str(error)) from None


def _code_repository(run: Run) -> CodeRepository:
    if run.code_repository is None:
        raise NotPossible("The code repository of this run was deleted. Run it again with another code repository.")
    return run.code_repository


def _require_all_if_needed(run: Run, missing: str) -> None:
    """Raises NotPossible if the job would go without files of a code repository of which it needs all."""
    code = _code_repository(run)
    if missing and code.needs_all_files:
        raise NotPossible(
            f"{missing} The code repository {code.name} is set to start no job without all of its files. Mend what is "
            "missing and run it again, or change that setting of the code repository."
        )


def _require_unmoved(run: Run) -> CodeRepository:
    """The code repository of the run. Raises NotPossible if its address has changed since the run was stored.

    Members may change the address at any time. Otherwise a waiting run would take other code, in the name of whoever
    pressed RUN!, and its page would show the old address.
    """
    code = _code_repository(run)
    if run.code_has_moved:
        raise NotPossible(
            f"The address of the code repository {code.name} has changed from {run.code_url} to {code.url} since this "
            "run was stored, so its code was not fetched. To use the new address, run it again."
        )
    return code


def job_run_of(run: Run) -> JobRun:
    return JobRun(short_id=run.short_id, name=run.name, commit=run.commit_sha, account=run.compute_budget_account)


def job_environment(run: Run, experiment_id: str, mlflow_run_id: str, token: str) -> dict[str, str]:
    """The variables in the job's 0600 file: where to log, and with which token."""
    return {
        "MANTIK_RUN_ID": str(run.uuid),
        "MLFLOW_TRACKING_URI": settings.MANTIK_TRACKING_URI,
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_EXPERIMENT_ID": experiment_id,
        "MLFLOW_RUN_ID": mlflow_run_id,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # There are no pages at that address, so there is no use in printing links to them.
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }
