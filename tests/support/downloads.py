"""Downloads, as a web server without an event loop reads them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from connections.mlflow.files import Files, OpenFile
from connections.mlflow.tracking import TrackingClient
from mantik.lib.downloads import Download
from mantik.lib.loop import in_loop, iterate
from tests.support.mlflow_server import TOKEN


def pieces_of(download: Download) -> Generator[bytes]:
    yield from iterate(download.pieces)


@contextmanager
def open_artifact(
    client: TrackingClient, uri: str, run_id: str, path: str
) -> Iterator[tuple[OpenFile, Iterator[bytes]]]:
    """One artifact of the server at `uri`: what is known of it, and its pieces."""
    file = Files(uri=uri, token=TOKEN).open_now(client.artifact(run_id, path))
    try:
        yield file, iterate(file.pieces)
    finally:
        in_loop(file.aclose())
