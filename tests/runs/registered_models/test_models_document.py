"""What docs/models.md tells members to run."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from runs.models import RegisteredModel, Run
from runs.registered_models.certificate import canonical, sha256_of
from runs.registered_models.download import ZipDownload
from runs.registered_models.snippets import loading_help
from tests.support.downloads import pieces_of
from tests.support.places import DOCS

DOCUMENT = (DOCS / "models.md").read_text()
BLOCKS = re.findall(r"```\w+\n(.*?)```\n", DOCUMENT, re.DOTALL)
[SCRIPT] = [block for block in BLOCKS if block.startswith('"""python verify_model.py')]

Verify = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def downloaded(model: RegisteredModel, tmp_path: Path) -> Path:
    """Where a member has unpacked the zip; the model in `yield-forecast`, its certificate beside it."""
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces_of(ZipDownload(model))))) as archive:
        archive.extractall(tmp_path)
    return tmp_path


@pytest.fixture
def verify(downloaded: Path) -> Verify:
    def verify(*further: str) -> subprocess.CompletedProcess[str]:
        (downloaded / "verify_model.py").write_text(SCRIPT)
        # -I: nothing of ours can be imported.
        command = [sys.executable, "-I", "verify_model.py", "yield-forecast.certificate.json", "yield-forecast"]
        return subprocess.run(
            [*command, *further], cwd=downloaded, capture_output=True, text=True, timeout=60, check=False
        )

    return verify


pytestmark = pytest.mark.django_db


def test_a_good_download_passes(model: RegisteredModel, downloaded: Path, verify: Verify) -> None:
    done = verify(model.certificate_sha256)
    assert (done.returncode, done.stdout) == (0, "Every file is the one in the certificate, and there is no other.\n")
    # As MLflow's client leaves it.
    (downloaded / "yield-forecast" / "registered_model_meta").write_text("model_name: p1--yield-forecast\n")
    assert verify(model.certificate_sha256).returncode == 0
    unsealed = verify()
    assert unsealed.returncode == 0
    assert "The certificate itself was not checked." in unsealed.stdout


def test_whatever_has_changed_is_named(model: RegisteredModel, downloaded: Path, verify: Verify) -> None:
    folder, seal = downloaded / "yield-forecast", model.certificate_sha256
    weights = folder / "model.skops"
    good = weights.read_bytes()

    weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    _fails(verify(seal), "model.skops: changed: its SHA-256 is different")
    weights.write_bytes(good + b" ")
    _fails(verify(seal), "model.skops: not the size in the certificate")
    weights.unlink()
    _fails(verify(seal), "model.skops: missing")
    weights.write_bytes(good)

    extra = folder / "code" / "more.py"
    extra.write_text("")
    _fails(verify(seal), "code/more.py: not in the certificate")
    extra.unlink()
    (folder / "data").symlink_to("/tmp")
    _fails(verify(seal), "data: not in the certificate")
    (folder / "data").unlink()
    assert verify(seal).returncode == 0


def test_a_changed_certificate_is_found_out(model: RegisteredModel, downloaded: Path, verify: Verify) -> None:
    certificate = downloaded / "yield-forecast.certificate.json"
    document = json.loads(certificate.read_text())
    document["metrics"]["accuracy"] = 0.99
    certificate.write_text(canonical(document))
    _fails(verify(model.certificate_sha256), "yield-forecast.certificate.json: not the certificate with that SHA-256")
    certificate.write_text("{")
    done = verify()
    assert done.returncode == 1
    assert "The certificate or the folder cannot be read" in done.stdout


def _fails(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert (done.returncode, done.stdout.splitlines()) == (1, [sentence])


def test_the_seal_of_the_document_is_that_of_the_stored_one(model: RegisteredModel, downloaded: Path) -> None:
    assert sha256_of((downloaded / "yield-forecast.certificate.json").read_text()) == model.certificate_sha256


def test_it_shows_how_to_load_a_model_as_the_page_does() -> None:
    model = RegisteredModel(name="iris", registry_name="p7--iris", registry_version="1", run=Run())
    printed = {snippet.title: snippet.code for snippet in loading_help(model, base_url="https://mantik.example.org")}
    download = printed.pop("Download it in Python").splitlines()[-1]
    assert set(printed.values()) <= set(BLOCKS)
    assert f"`{download}`" in DOCUMENT


def test_it_names_every_part_of_a_certificate(model: RegisteredModel) -> None:
    assert set(json.loads(model.certificate)) <= set(re.findall(r"^\| `(\w+)` \|", DOCUMENT, re.MULTILINE))
