"""What a job is told about its run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JobRun:
    """`short_id` and `name` are the run's, `commit` the full SHA, `account` the compute budget account."""

    short_id: str
    name: str
    commit: str
    account: str

    @property
    def short_commit(self) -> str:
        return self.commit[:7]
