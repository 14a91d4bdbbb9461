"""The files of a job's working directory, by name. Everything else there is the site's."""

from __future__ import annotations

SCRIPT = "mantik.sh"
LOG = "mantik.log"
ENVIRONMENT = ".mantik/env"
# The code: either packed and uploaded, or the same archive as base64 text inside the job description.
CODE = ".mantik/code.tar.gz"
CODE_BASE64 = ".mantik/code.tar.gz.b64"
CODE_SHA256 = ".mantik/code.sha256"
