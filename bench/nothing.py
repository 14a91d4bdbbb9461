"""A server that answers MLflow's client at once, and does nothing: what a call costs the client itself.

It prints its port, and answers one connection at a time.
"""

from __future__ import annotations

import json
import re
import socket
import sys

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)


def main(run_id: str) -> None:
    answer = _answer(run_id)
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        connection = listener.accept()[0]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while _take_request(connection):
                connection.sendall(answer)


def _answer(run_id: str) -> bytes:
    info = {
        "run_id": run_id,
        "run_uuid": run_id,
        "experiment_id": "7",
        "status": "RUNNING",
        "start_time": 1,
        "artifact_uri": f"mlflow-artifacts:/7/{run_id}/artifacts",
        "lifecycle_stage": "active",
        "run_name": "nothing",
    }
    content = json.dumps({"run": {"info": info, "data": {}, "inputs": {}, "outputs": {}}, "run_info": info}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(content),
        content,
    )


def _take_request(connection: socket.socket) -> bool:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return False
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head + b"\r\n")
    left = (int(length[1]) if length else 0) - len(body)
    while left > 0:
        piece = connection.recv(65536)
        if not piece:
            return False
        left -= len(piece)
    return True


if __name__ == "__main__":
    main(sys.argv[1])
