"""`python -m tests.upgrade.build`: the data of a release in the database of the environment, which is empty.

`make.py` starts it, with the settings of the product, once for each database.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import django

from tests.upgrade import known
from tests.upgrade.still import hold_still


def main() -> None:
    hold_still(known.MOMENT)
    django.setup()
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.core.management import call_command

    from mantik.lib.queue import _Broker
    from tests.upgrade.data import build
    from tests.upgrade.tables import apps_now, what_is_missing

    # Else it takes longer than all the rest. Who signs in gets a hash of as many as are usual then.
    PBKDF2PasswordHasher.iterations = 1000
    # There is no broker, and to try takes time and UUIDs.
    _Broker.silent_until = math.inf
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory(prefix="mantik-upgrade-") as directory:
        build(Path(directory))
    if missing := what_is_missing(apps_now()):
        sys.exit("tests/upgrade/data.py has to build more:\n" + "\n".join(missing))


if __name__ == "__main__":
    main()
