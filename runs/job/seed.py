"""What a job's relay begins with."""

from __future__ import annotations

import json
import secrets
from functools import cache
from pathlib import Path

from mantik.lib.token_form import MARK, written
from runs.job.relay import Seed

# Seconds that a relay goes on after SIGTERM, which is sent to it if a site signals all of a job. The job script ends
# it, and may do so much later: the training has the time that the site gives it.
GRACE = 86_400.0
# More than any disk has: no limit.
NO_LIMIT = 2**62


def _new_secret() -> str:
    """In the form of Mantik's tokens, so that it is blanked wherever a log is shown: clients before 3 print the address
    of their server, and it is in there."""
    return written(f"{MARK}_relay", secrets.token_hex(8), secrets.token_urlsafe(32))


@cache
def relay_program() -> str:
    return Path(__file__).with_name("relay.py").read_text(encoding="utf-8")


def relay_seed(
    *,
    run_id: str,
    run_name: str,
    user: str,
    experiment_id: str,
    experiment_name: str,
    token: str,
    journal_bytes: int,
    file_bytes: int | None,
    sample: bool,
    platform: str = "",
) -> str:
    """The text of `layout.SEED`, with a new secret that is kept nowhere else. Ids are MLflow's.

    `file_bytes`: None is no limit. `sample`: the relay measures the node. `platform`: where it sends its journal, if it
    can.
    """
    seed = Seed(
        run_id=run_id,
        experiment_id=experiment_id,
        secret=_new_secret(),
        artifact_root=f"mlflow-artifacts:/{experiment_id}",
        journal_bytes=journal_bytes,
        file_bytes=NO_LIMIT if file_bytes is None else file_bytes,
        token=token,
        run_name=run_name,
        experiment_name=experiment_name,
        user=user,
        platform=platform,
        sample=sample,
        grace=GRACE,
    )
    return json.dumps(seed._asdict())
