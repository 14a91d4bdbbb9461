"""The names of Mantik's files in a job's working directory. Every other file there is the site's or the code's."""

from __future__ import annotations

SCRIPT = "mantik.sh"
LOG = "mantik.log"
ENVIRONMENT = ".mantik/env"
# The code is either uploaded as an archive, or part of the job description as the same archive in base64.
CODE = ".mantik/code.tar.gz"
CODE_BASE64 = ".mantik/code.tar.gz.b64"
CODE_SHA256 = ".mantik/code.sha256"
# Which files of the code the job goes without; not there if it has all.
CODE_MISSING = ".mantik/code.missing"
# The program that the training logs to, and the folder in which it keeps what was logged.
RELAY = ".mantik/relay.py"
TRACKING = ".mantik/tracking"
SEED = f"{TRACKING}/seed.json"
