"""Passes connections on: `python -m tests.several_machines.forward HERE THERE PORT`, the same port at both addresses.

The sandbox site listens at the loopback address and says so in its answers. So each machine has it there, too.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress


@contextmanager
def passed_on(here: str, there: str, port: int) -> Iterator[None]:
    with closing(socket.create_server((here, port), backlog=64)) as listener:
        threading.Thread(target=_accept, args=(listener, there), daemon=True).start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, there: str) -> None:
    port = listener.getsockname()[1]
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_connect, args=(client, (there, port)), daemon=True).start()


def _connect(client: socket.socket, there: tuple[str, int]) -> None:
    with client, suppress(OSError), socket.create_connection(there) as server:
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    with passed_on(sys.argv[1], sys.argv[2], int(sys.argv[3])):
        threading.Event().wait()
