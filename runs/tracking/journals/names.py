"""The names of journals in a relay's folder: `journal-1`, or `journal-<node>-1` if each node of a job has a relay.

The number counts how often the site has started the job. Files that were logged stand beside a journal: small ones in
its pack, each large one in a folder.
"""

from __future__ import annotations

import re

JOURNAL = re.compile(r"journal(?:-[A-Za-z0-9.-]{1,64})?-[1-9][0-9]{0,3}", re.ASCII)
# Of one run. A job of more nodes has one relay for all of them.
MOST = 1000


def pack_of(journal: str) -> str:
    return f"{journal}.pack"


def files_of(journal: str) -> str:
    return f"{journal}.files"
