"""A registered model as one zip."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client, override_settings

from connections.mlflow.errors import TrackingError, TrackingUnavailable
from connections.mlflow.files import Files
from connections.mlflow.model_files import ModelFiles
from connections.mlflow.places import Address
from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from projects.roles import Role
from runs.models import RegisteredModel, Run
from runs.registered_models import services
from runs.registered_models.contents import is_safe
from runs.registered_models.download import ZipDownload, zip_size
from runs.registered_models.states import ModelState
from tests.conftest import ClientOf
from tests.runs.registered_models.conftest import NOW, register, tend
from tests.support import factories
from tests.support.downloads import pieces_of
from tests.support.logged_models import FILES, log_classic_model, log_model
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:9"
PIECE = os.urandom(64 * 1024)


def url(model: RegisteredModel) -> str:
    return f"/projects/{model.project.slug}/models/{model.uuid}/download/"


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def read(archive: ZipDownload, into: bytearray) -> None:
    try:
        for piece in pieces_of(archive):
            into += piece
    finally:
        archive.close()


def test_it_holds_every_file_and_the_certificate_beside_them(
    model: RegisteredModel, ada: User, client_of: ClientOf
) -> None:
    answer = client_of(ada).get(url(model))
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    found = unpacked(content)
    assert found.pop("yield-forecast.certificate.json").decode() == model.certificate
    assert found == {f"yield-forecast/{path}": content for path, content in FILES.items()}
    assert answer["Content-Length"] == str(len(content))
    assert answer["Content-Disposition"] == 'attachment; filename="yield-forecast.zip"'
    assert (answer["Content-Security-Policy"], answer["X-Content-Type-Options"]) == ("sandbox", "nosniff")


def test_names_come_through_whatever_is_in_them(mlflow: str, run: Run, ada: User) -> None:
    odd = {f"data/{name}": name.encode() for name in ("a b", "ü", "50%", "x+y", "semi;colon", "a&b=c", "[1]", "~'\"")}
    for source in (
        ModelSource(run.mlflow_run_id, model_id=log_model(mlflow, run, files=_quoted(FILES | odd))),
        ModelSource(run.mlflow_run_id, path="odd folder"),
    ):
        log_classic_model(mlflow, run, "odd%20folder", _quoted(FILES | odd))
        model = tend(register(run, ada, source, "odd"))
        assert model
        found = unpacked(b"".join(pieces_of(ZipDownload(model))))
        assert {path: found[f"odd/{path}"] for path in odd} == odd
        services.unregister_model(model=model, actor=ada, now=NOW)
        assert tend(model) is None


def _quoted(files: dict[str, bytes]) -> dict[str, bytes]:
    """As a client sends names."""
    return {quote(name): content for name, content in files.items()}


def test_two_downloads_are_the_same_to_the_byte(model: RegisteredModel) -> None:
    first, second = (hashlib.sha256(b"".join(pieces_of(ZipDownload(model)))).hexdigest() for _ in range(2))
    assert first == second


def test_a_classic_model_is_downloaded_too(mlflow: str, run: Run, ada: User) -> None:
    log_classic_model(mlflow, run, "export/forest")
    model = tend(register(run, ada, ModelSource(run.mlflow_run_id, path="export/forest"), "forest"))
    assert model
    assert unpacked(b"".join(pieces_of(ZipDownload(model))))["forest/code/features.py"] == FILES["code/features.py"]
    # A file that is no longer what was registered is noticed, if only when the download has begun.
    log_classic_model(mlflow, run, "export/forest", {"model.skops": b"Weights" * 1000})
    with pytest.raises(TrackingError, match="is no longer the file that was registered"):
        read(ZipDownload(model), into := bytearray())
    assert into
    assert not zipfile.is_zipfile(io.BytesIO(into))
    services.unregister_model(model=model, actor=ada, now=NOW)
    assert tend(model) is None


def test_it_is_for_those_who_may_download(model: RegisteredModel, client_of: ClientOf) -> None:
    model.project.is_public = True
    model.project.save()
    people = {role: factories.join(model.project, role) for role in (Role.GUEST, Role.REPORTER)}
    statuses = {role: client_of(person).get(url(model)).status_code for role, person in people.items()}
    assert statuses == {Role.GUEST: 403, Role.REPORTER: 200}
    signed_out = Client().get(url(model))
    assert signed_out.status_code == 403
    assert "Sign in if you are one." in page_text(signed_out)


@pytest.mark.parametrize("state", [ModelState.REGISTERING, ModelState.UNREGISTERING])
def test_only_what_is_registered_is_downloaded(
    model: RegisteredModel, ada: User, client_of: ClientOf, state: ModelState
) -> None:
    RegisteredModel.objects.filter(pk=model.pk).update(state=state)
    assert client_of(ada).get(url(model)).status_code == 404


def test_while_mlflow_is_away_a_page_says_so(model: RegisteredModel, ada: User, client_of: ClientOf) -> None:
    with override_settings(MANTIK_MLFLOW_URI=NOWHERE):
        answer = client_of(ada).get(url(model), follow=True)
    assert "MLflow cannot be reached at the moment." in answer.content.decode()


class Large:
    """Stands for MLflow: has files of any size, and counts those that are open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, breaks_after: int = 10**9) -> None:
        self.open_files = self.given = 0
        self.breaks_after = breaks_after
        monkeypatch.setattr(ModelFiles, "address", lambda _self, _source, path: Address(path))
        monkeypatch.setattr(Files, "open", self.open)

    async def open(self, address: Address, **_: Any) -> LargeFile:
        self.open_files += 1
        return LargeFile(self, int(address.path.partition("-")[0]))


class LargeFile:
    def __init__(self, mlflow: Large, size: int) -> None:
        self.mlflow, self.size = mlflow, size
        self.is_open = True

    async def pieces(self) -> AsyncGenerator[bytes]:
        for start in range(0, self.size, len(PIECE)):
            if self.mlflow.given >= self.mlflow.breaks_after:
                raise TrackingUnavailable("The connection to MLflow was lost.")
            piece = PIECE[: min(self.size - start, len(PIECE))]
            self.mlflow.given += len(piece)
            yield piece

    async def aclose(self) -> None:
        self.mlflow.open_files -= self.is_open
        self.is_open = False


def large_model(*sizes: int) -> RegisteredModel:
    """Not stored. A file's name begins with its size."""
    files = []
    for size in sizes:
        digest = hashlib.sha256()
        for start in range(0, size, len(PIECE)):
            digest.update(PIECE[: min(size - start, len(PIECE))])
        files.append({"path": f"{size}-bytes", "size": size, "sha256": digest.hexdigest()})
    run = Run(mlflow_run_id="1f" * 16)
    certificate = json.dumps({"files": files})
    return RegisteredModel(name="large", run=run, artifact_path="model", certificate=certificate, registered_at=NOW)


def test_memory_stays_flat_however_large_the_model_is(monkeypatch: pytest.MonkeyPatch) -> None:
    Large(monkeypatch)
    model = large_model(100 * 1024**2, 100 * 1024**2 + 1, 0)
    gc.collect()
    tracemalloc.start()
    try:
        length = sum(len(piece) for piece in pieces_of(ZipDownload(model)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length > 200 * 1024**2
    assert peak < 5 * 1024**2


def test_when_mlflow_fails_on_the_way_it_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    large = Large(monkeypatch, breaks_after=1024**2 + 1)
    with pytest.raises(TrackingUnavailable):
        read(ZipDownload(large_model(1024**2, 1024**2 + 7)), into := bytearray())
    assert len(into) > 1024**2
    assert not zipfile.is_zipfile(io.BytesIO(into))
    assert large.open_files == 0


def test_when_the_reader_goes_away_the_connection_to_mlflow_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    large = Large(monkeypatch)
    archive = ZipDownload(large_model(1024**2, 1024**2))
    pieces = pieces_of(archive)
    assert sum(len(next(pieces)) for _ in range(30)) > 1024**2
    assert large.open_files == 1
    pieces.close()
    archive.close()
    assert large.open_files == 0
    never_begun = ZipDownload(large_model(1024**2))
    assert large.open_files == 1
    never_begun.close()
    assert large.open_files == 0


class Holes(io.RawIOBase):
    """Counts what is written to it. The content of an announced hole is only counted, not written."""

    def __init__(self) -> None:
        self.length = 0

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        self.length += len(content)
        return len(content)


@pytest.mark.parametrize(
    "sizes",
    [
        *([0], [1, 0, 70_000], [2**31 - 1], [2**31], [int(2**31 / 1.05) + 1], [2**30, 2**30, 2**30, 5]),
        *([5 * 2**30, 1], [1, 5 * 2**30], [3] * 65_536),
    ],
    ids=lambda sizes: f"{len(sizes)}x{max(sizes)}",
)
def test_its_length_is_known_beforehand(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(f"large/{'ü' * (number % 3)}{number}", size) for number, size in enumerate(sizes)]
    holes = Holes()
    with zipfile.ZipFile(holes, "w") as archive:
        for name, size in entries:
            info = zipfile.ZipInfo(name)
            info.file_size = size
            with archive.open(info, "w") as target:
                # zipfile's own count of what was written: writing gigabytes of nothing takes too long.
                target._file_size = target._compress_size = size  # type: ignore[attr-defined]
                holes.length += size
                archive.fp.offset += size  # type: ignore[union-attr]
    assert zip_size(entries) == holes.length


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        *(("MLmodel", True), ("code/a.py", True), ("a b/ü.txt", True), ("../x", False), ("/etc/passwd", False)),
        *(("a/../../x", False), ("..\\x", False), ("C:x", False), ("a\nb", False), ("", False), ("a//b", False)),
    ],
)
def test_a_path_stays_in_the_folder(path: str, safe: bool) -> None:
    assert is_safe(path) is safe
