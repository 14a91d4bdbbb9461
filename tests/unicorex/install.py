"""The jars of UNICORE/X from Maven Central, fetched once into a folder that git ignores."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
JARS = HERE / "lib"
_COMPLETE = JARS / ".complete"
_TOOLS = ("java", "keytool", "mvn")


class UnicoreXError(Exception):
    """The server cannot be installed or started; the message says why."""


def missing_tools() -> list[str]:
    """The programs UNICORE/X needs here and that are not on PATH. Maven is not needed once the jars are there."""
    needed = [tool for tool in _TOOLS if tool != "mvn" or not _is_current()]
    return [tool for tool in needed if shutil.which(tool) is None]


def ensure_jars() -> Path:
    """The folder with the jars; safe to call from several test processes at once. Raises `UnicoreXError`."""
    JARS.mkdir(exist_ok=True)
    with (JARS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current():
            _resolve()
            _COMPLETE.write_bytes(_wanted())
    return JARS


def _wanted() -> bytes:
    return (HERE / "pom.xml").read_bytes()


def _is_current() -> bool:
    # The marker holds the pom it was made from: another version in the pom means other jars.
    return _COMPLETE.exists() and _COMPLETE.read_bytes() == _wanted()


def _resolve() -> None:
    for old in JARS.glob("*.jar"):
        old.unlink()
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    try:
        subprocess.run(
            [*command, f"-DoutputDirectory={JARS}"],
            cwd=HERE,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
        )
    except FileNotFoundError:
        raise UnicoreXError("Maven (mvn) is not installed; it fetches UNICORE/X from Maven Central.") from None
    except subprocess.TimeoutExpired:
        raise UnicoreXError("Maven did not fetch UNICORE/X within 15 minutes; look at the network.") from None
    except subprocess.CalledProcessError as error:
        raise UnicoreXError(f"Maven could not fetch UNICORE/X: {(error.stdout or error.stderr)[-2000:]}") from None
