"""What stands around the code: the first commands, the containers, the documents."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from mantik.up.ports import free_port
from tests.support.places import TOP, NoCheckout, files_of_ours
from tests.support.waiting import wait_until

DOCUMENTS = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{path.name}" for path in (TOP / "docs").glob("*.md")),
]
# Where packages come from is each machine's own setting.
REGISTRIES = re.compile(
    "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "debian" + r"\.org/"))
)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=TOP, capture_output=True, text=True, check=False)


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((TOP / "docker-compose.yml").read_text()))


def files() -> list[Path]:
    try:
        return files_of_ours()
    except NoCheckout:
        pytest.skip("this is no checkout of git")


def test_a_python_that_makes_no_virtual_environments_ends_with_what_to_install(tmp_path: Path) -> None:
    python = executable(tmp_path / "python3", "#!/bin/sh\nexit 1\n")
    done = make(f"VENV={tmp_path}/venv", f"PYTHON={python}", f"{tmp_path}/venv/bin/python")
    assert done.returncode != 0
    assert "cannot make virtual environments. Install what is missing" in done.stderr
    assert "python3-venv" in done.stderr


def test_a_machine_without_a_new_enough_python_is_told_which_one_is_needed(tmp_path: Path) -> None:
    done = make(f"VENV={tmp_path}/venv", "PYTHON=", f"{tmp_path}/venv/bin/python")
    assert done.returncode != 0
    assert "Mantik needs Python 3.11 or newer" in done.stderr


def test_every_command_of_the_documents_is_one_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (TOP / "Makefile").read_text(), re.MULTILINE))
    for name in DOCUMENTS:
        named = set(re.findall(r"(?:^|`|\s)make ([a-z]+)(?=[`\s])", (TOP / name).read_text()))
        commands = {word for word in named if f"`make {word}" in (TOP / name).read_text()}
        assert commands <= targets, name


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for name in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", (TOP / name).read_text()):
            assert (TOP / name).parent.joinpath(target).exists(), f"{name}: {target}"


def test_no_file_says_where_packages_come_from() -> None:
    found = [str(path.relative_to(TOP)) for path in files() if REGISTRIES.search(path.read_text(errors="ignore"))]
    assert found == []


def test_containers_publish_the_front_on_loopback_and_nothing_else() -> None:
    published = {name: service["ports"] for name, service in compose()["services"].items() if "ports" in service}
    assert published == {"front": ["127.0.0.1:${PORT:-8000}:8080"]}


def test_containers_get_their_secrets_from_files() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            is_secret = re.search(r"SECRET|PASSWORD|KEYS|DATABASE_URL", variable)
            assert not is_secret or (variable.endswith("_FILE") and value.startswith("/run/secrets/")), name
        used = {str(value).removeprefix("/run/secrets/") for value in service.get("environment", {}).values()}
        given = set(service.get("secrets", []))
        assert {word for word in used if word in compose()["secrets"]} <= given, name


def test_containers_have_no_more_rights_than_they_need() -> None:
    to_become_a_user = {"CHOWN", "SETGID", "SETUID"}
    needed = {"front": to_become_a_user, "postgres": {*to_become_a_user, "DAC_OVERRIDE", "FOWNER"}}
    for name, service in compose()["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert set(service.get("cap_add", [])) == needed.get(name, set()), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert service["pids_limit"], name
        assert service["mem_limit"], name
        # There has to be a place for files that are soon gone, in memory or on the disk.
        assert "/tmp" in [*service["tmpfs"], *service.get("volumes", [])], name
        assert not service.get("privileged"), name


def test_containers_meet_only_those_whom_they_need() -> None:
    services = compose()["services"]
    networks = {name: set(service["networks"]) for name, service in services.items()}
    assert networks == {
        "front": {"front"},
        "web": {"front", "default", "data", "mlflow"},
        "worker": {"default", "data", "mlflow"},
        "beat": {"data"},
        "migrate": {"data"},
        "postgres": {"data", "mlflow"},
        "redis": {"data"},
        "mlflow": {"mlflow"},
    }
    assert {name for name, network in compose()["networks"].items() if network.get("internal")} == {"data", "mlflow"}


def test_the_broker_in_its_container_asks_for_a_password(tmp_path: Path) -> None:
    """The command of the container, with the server that is on this machine."""
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        pytest.skip("neither Redis nor Valkey is installed")
    secret, port = tmp_path / "password", free_port()
    secret.write_text("not-for-everybody\n")
    shell, option, text = compose()["services"]["redis"]["command"]
    text = text.replace("$$", "$").replace("/run/secrets/redis_password", str(secret))
    text = text.replace("/tmp/redis.conf", f"{tmp_path}/redis.conf")
    text = text.replace("exec redis-server", f"exec {server}") + f" --port {port} --dir {tmp_path}"
    with subprocess.Popen([shell, option, text], start_new_session=True, stdout=subprocess.DEVNULL) as running:
        try:
            wait_until(lambda: is_answering(port, "not-for-everybody"))
            with pytest.raises(redis.AuthenticationError):
                redis.Redis(port=port).ping()
            assert b"not-for-everybody" not in Path(f"/proc/{running.pid}/cmdline").read_bytes()
        finally:
            os.killpg(running.pid, signal.SIGKILL)


def is_answering(port: int, password: str) -> bool:
    try:
        return bool(redis.Redis(port=port, password=password).ping())
    except redis.ConnectionError:
        return False


def test_containers_use_settings_that_there_are() -> None:
    known = set(re.findall(r"^\| `(MANTIK_[A-Z_]+)` \|", (TOP / "docs" / "settings.md").read_text(), re.MULTILINE))
    used = re.findall(r"MANTIK_[A-Z_]+", (TOP / "docker-compose.yml").read_text() + (TOP / "Dockerfile").read_text())
    assert {name.removesuffix("_FILE") for name in used} <= known


def test_hooks_before_a_commit_come_from_this_repository() -> None:
    hooks = yaml.safe_load((TOP / ".pre-commit-config.yaml").read_text())
    assert [entry["repo"] for entry in hooks["repos"]] == ["local"]


def test_ci_is_a_program_that_bash_can_read() -> None:
    script = TOP / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_the_image_has_the_docs_which_the_product_shows() -> None:
    left_out = [line for line in (TOP / ".dockerignore").read_text().splitlines() if line]
    for name in DOCUMENTS:
        parts = [name, *(str(parent) for parent in Path(name).parents)]
        assert [pattern for pattern in left_out if any(fnmatch(part, pattern) for part in parts)] == [], name
    stage = (TOP / "Dockerfile").read_text().split(" AS app\n")[1]
    assert "COPY --from=build-app /opt/mantik /opt/mantik" in stage
