"""A registered model of 1 GiB as a zip, through the real web server.

Its memory is looked at while a reader takes the first byte, waits, and then takes the rest: whatever is made ahead of
the reader piles up meanwhile.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
from django.conf import settings
from django.test import Client
from django.utils import timezone

from bench.ground import Ground
from bench.harness import Result
from bench.measure import interleaved, seconds
from bench.memory import Peak, peak_memory
from connections.mlflow.model_files import model_files
from connections.mlflow.values import ModelSource
from mantik.up.web import address, web_service
from runs.models import RegisteredModel, Run
from runs.registered_models import services, worker
from runs.registered_models.entry import remove_entry
from runs.registered_models.files import files_of
from runs.states import RunState
from runs.tracking.mlflow_run import ensure_tracking_run
from tests.support import factories
from tests.support.logged_models import FILES, log_model

_MIB = 1024**2
_PART = 256 * _MIB
_PARTS = 4
# A GiB takes MLflow long.
_ROUNDS = 1
_WAIT_SECONDS = 5
_HOST = "127.0.0.1"
_SERVER = "granian"


def download(ground: Ground) -> Iterator[Result]:
    model = _registered(ground.mlflow_uri)
    try:
        with ground.running(web_service(host=_HOST, port=ground.port)), _reader(ground, model) as reader:
            url = f"/projects/{model.project.slug}/models/{model.uuid}/download/"
            growth = _growth(reader, url)
            taken = interleaved(
                {
                    "ours": lambda: seconds(lambda: _read(reader, url, wait=0)),
                    "plain": lambda: seconds(lambda: _read_plainly(model)),
                },
                rounds=_ROUNDS,
            )
    finally:
        remove_entry(model.registry_name, model.uuid)
        RegisteredModel.objects.all().delete()
        Run.objects.all().delete()
    size = _PARTS * _PART / _MIB
    yield Result("models.zip.memory", growth, "MiB")
    yield Result(
        "models.zip.rate",
        size / taken["ours"],
        "MiB/s",
        size / taken["plain"],
        "the same files read from MLflow one after the other, and thrown away",
        more_is_better=True,
    )


def _registered(uri: str) -> RegisteredModel:
    now, content = timezone.now(), os.urandom(_PART)
    run = factories.make_run(RunState.FINISHED)
    run.mlflow_experiment_id, run.mlflow_run_id = ensure_tracking_run(run, now=now)
    run.save()
    files = {"MLmodel": FILES["MLmodel"]} | {f"part-{number}.bin": content for number in range(_PARTS)}
    source = ModelSource(run.mlflow_run_id, model_id=log_model(uri, run, files=files))
    model = services.register_model(run=run, actor=run.created_by, name="large", description="", source=source, now=now)
    worker.tend(model_id=model.pk, clock=lambda: now + timedelta(seconds=1))
    model.refresh_from_db()
    assert model.is_registered, model.waiting_for
    return model


def _reader(ground: Ground, model: RegisteredModel) -> httpx.Client:
    """A browser in which who registered the model is signed in."""
    client = Client()
    client.force_login(model.created_by)
    name = settings.SESSION_COOKIE_NAME
    return httpx.Client(
        base_url=address(_HOST, ground.port),
        cookies={name: client.cookies[name].value},
        trust_env=False,
        timeout=httpx.Timeout(60),
    )


def _growth(reader: httpx.Client, url: str) -> float:
    """MiB that the web server had at most above what it has when it has answered before."""
    with reader.stream("GET", url) as answer:
        next(answer.iter_raw())
    rest = Peak()
    rest.look(os.getpid(), _SERVER)
    with peak_memory(os.getpid(), _SERVER) as peak:
        _read(reader, url, wait=_WAIT_SECONDS)
    return max(peak.mebibytes - rest.mebibytes, 0)


def _read(reader: httpx.Client, url: str, *, wait: float) -> None:
    length = 0
    with reader.stream("GET", url) as answer:
        assert answer.status_code == 200, answer.status_code
        for piece in answer.iter_raw(_MIB):
            if not length:
                time.sleep(wait)
            length += len(piece)
    assert length > _PARTS * _PART


def _read_plainly(model: RegisteredModel) -> None:
    for file in files_of(model):
        with model_files().open(model.source, file.path) as opened:
            for _ in opened.pieces:
                pass
