"""A lean HTTP load generator: one process, many kept connections, requests built before the clock starts.

It exists so that the client does not eat the cores that are being measured.
"""

from __future__ import annotations

import selectors
import socket
import time


def drive(
    host: str, port: int, requests: list[bytes], connections: int, seconds: float
) -> tuple[int, list[float], dict[int, int]]:
    """Send ``requests`` round robin for ``seconds``; returns (answered, latencies in seconds, status → count)."""
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    position = 0

    def send(sock: socket.socket) -> tuple[float, bytearray]:
        nonlocal position
        sock.sendall(requests[position % len(requests)])
        position += 1
        return time.perf_counter(), bytearray()

    for _ in range(connections):
        sock = socket.create_connection((host, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(sock, selectors.EVENT_READ, send(sock))
    start = time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        for key, _ in selector.select(timeout=0.5):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            sent, buffer = key.data
            chunk = sock.recv(65536)
            if not chunk:
                raise ConnectionError("the server closed the connection")
            buffer += chunk
            if _complete(buffer):
                now = time.perf_counter()
                latencies.append(now - sent)
                status = int(buffer[9:12])
                statuses[status] = statuses.get(status, 0) + 1
                selector.modify(sock, selectors.EVENT_READ, send(sock))
    elapsed_answers = len(latencies)
    for key in list(selector.get_map().values()):
        assert isinstance(key.fileobj, socket.socket)
        key.fileobj.close()
    return elapsed_answers, latencies, statuses


def _complete(buffer: bytearray) -> bool:
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = bytes(buffer[:end]).lower()
    if b"transfer-encoding: chunked" in head:
        return buffer.endswith(b"0\r\n\r\n")
    marker = head.find(b"content-length:")
    length = int(head[marker + 15 :].split(b"\r\n", 1)[0]) if marker >= 0 else 0
    return len(buffer) >= end + 4 + length


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"
