"""Clients as nobody wants them, in a process of their own: `python -m bench.bad_clients PORT PATH COOKIE`.

IDLE of them send the head of a form and a few bytes of it, and then nothing; NOT_READING ask for PATH and do not read
the answer. The idle ones come again when they are hung up on, the others once a minute. Ends with its standard input.
"""

from __future__ import annotations

import resource
import select
import socket
import sys
import time
from collections import deque
from contextlib import suppress

IDLE, NOT_READING = 1000, 200
_PERIOD_SECONDS = 0.1
_AGAIN_SECONDS = 60


def main(port: int, path: str, cookie: str) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    head = f"Host: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n"
    form = f"POST /accounts/login/ HTTP/1.1\r\n{head}Content-Length: 100\r\n\r\nlogin=".encode()
    download = f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()
    idle = [_connect(port, form) for _ in range(IDLE)]
    not_reading = deque(_connect(port, download) for _ in range(NOT_READING))
    print("ready", flush=True)
    begin, again = time.monotonic(), 0
    while not select.select([sys.stdin], [], [], _PERIOD_SECONDS)[0]:
        idle = [_connect(port, form) if _is_over(client) else client for client in idle]
        # They do not even notice that they were hung up on.
        while again < (time.monotonic() - begin) * NOT_READING / _AGAIN_SECONDS:
            not_reading.popleft().close()
            not_reading.append(_connect(port, download))
            again += 1


def _is_over(client: socket.socket) -> bool:
    """Whether the server has answered, as it does when it has waited for long enough."""
    try:
        client.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        pass
    client.close()
    return True


def _connect(port: int, request: bytes) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    with suppress(OSError):
        client.sendall(request)
    return client


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
