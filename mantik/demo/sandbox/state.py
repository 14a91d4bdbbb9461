"""What all routes of a site share."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

from mantik.demo.sandbox.engine import Engine
from mantik.demo.sandbox.jobs import Job
from mantik.demo.sandbox.keys import SiteKey
from mantik.demo.sandbox.queues import Queues
from mantik.demo.sandbox.store import Store
from mantik.demo.sandbox.users import SiteUser

DEFAULT_MESSAGE = "Job submission is currently disabled --- please try again later!"


@dataclass
class SiteState:
    """`base` is the REST base URL. `submission_message` is set while no jobs are taken; `quota` counts per user.

    A job lives for `lifetime` seconds, if nobody gives it another time; nobody may give it more than `most_lifetime`
    from then on. None means no limit.
    """

    name: str
    base: str
    engine: Engine
    store: Store
    queues: Queues
    key: SiteKey
    quota: int | None
    lifetime: float
    most_lifetime: float | None
    submission_message: str | None = None
    up_since: float = field(default_factory=time.time)

    def may_act_on(self, user: SiteUser, job: Job) -> bool:
        return user.role == "admin" or (user.role == "user" and job.owner == user.dn)

    def jobs_seen_by(self, user: SiteUser) -> list[Job]:
        """Oldest first."""
        return [job for job in list(self.engine.jobs.values()) if self.may_act_on(user, job)]

    def site_id(self, owner: str) -> str:
        """Each user has a target system of their own; its id stays."""
        name = f"target-system:{owner}"
        known = self.store.note(name)
        if known is None:
            known = secrets.token_hex(6)
            self.store.set_note(name, known)
        return known

    def site_url(self, user: SiteUser) -> str:
        return f"{self.base}/sites/{self.site_id(user.dn)}"
