"""Settings of the test suite: those of a machine of one's own, in a directory that is gone afterwards.

MANTIK_TEST_DATABASE_URL runs the suite on PostgreSQL; without it, on SQLite. MANTIK_TEST_BROKER_URL names a Redis
for it, which others may use, too; without it there is no broker but those that tests start.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_data_dir = tempfile.mkdtemp(prefix="mantik-tests-")
atexit.register(shutil.rmtree, _data_dir, ignore_errors=True)

for _name in [name for name in os.environ if name.startswith("MANTIK_") and not name.startswith("MANTIK_TEST_")]:
    # What a developer has set for their own stack must not reach the tests.
    del os.environ[_name]
os.environ["MANTIK_DEBUG"] = "1"
os.environ["MANTIK_DEBUG_PAGES"] = "0"
os.environ["MANTIK_DATA_DIR"] = _data_dir
# That of the server that tests/support/mlflow_server.py starts; what HTTP and shells have to escape is in it.
Path(_data_dir, "mlflow-token").write_text("tests-mlflow~8d15/$secret+of=the%tests")
os.environ["MANTIK_MLFLOW_TOKEN_FILE"] = f"{_data_dir}/mlflow-token"
os.environ["MANTIK_LOG_LEVEL"] = "WARNING"
# Pages do not depend on how full the disk of this machine is.
os.environ["MANTIK_DISK_MIN_PERCENT"] = os.environ["MANTIK_DISK_MIN_BYTES"] = "0"
os.environ["MANTIK_DATABASE_URL"] = os.environ.get("MANTIK_TEST_DATABASE_URL", f"sqlite:///{_data_dir}/mantik.sqlite3")

from tests.support.redis import forget_everything, suites_own_broker  # noqa: E402

_broker = suites_own_broker()
if _broker.url:
    # What the tests of this process send by themselves is not for the stacks that they start.
    os.environ["MANTIK_BROKER_URL"], os.environ["MANTIK_BROKER_PREFIX"] = _broker.url, _broker.prefix
    atexit.register(forget_everything, _broker)

from mantik.settings import *  # noqa: E402, F403

if "sqlite" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    # A file, because other processes take part: workers, and a server that a browser talks to.
    DATABASES["default"]["TEST"] = {"NAME": f"{_data_dir}/test.sqlite3"}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Quick, and no test counts the attempts of another: tests/conftest.py empties it. Processes of their own have the
# settings of the product, so the table of its cache has to be there, too.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "product": CACHES["default"],  # noqa: F405
}
