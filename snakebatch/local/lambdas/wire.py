"""What the pool and an execution environment say to each other over their socket: framed messages."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_SIZES = struct.Struct(">II")


def send(channel: socket.socket, header: dict[str, Any], payload: bytes = b"") -> None:
    """Send one message: a small JSON header and raw bytes."""
    head = json.dumps(header).encode()
    channel.sendall(_SIZES.pack(len(head), len(payload)) + head + payload)


def receive(channel: socket.socket, timeout: float | None = None) -> tuple[dict[str, Any], bytes]:
    """Receive one message.

    ``timeout`` (seconds) bounds the wait for its first byte; a message is sent in one go, so the rest
    follows. Raises ``TimeoutError``, or ``EOFError`` when the other side is gone.
    """
    channel.settimeout(timeout)
    try:
        first = channel.recv(_SIZES.size)
    except ConnectionError as error:
        raise EOFError("the other side is gone") from error
    channel.settimeout(None)
    head_size, payload_size = _SIZES.unpack(first + _exactly(channel, _SIZES.size - len(first), first))
    header: dict[str, Any] = json.loads(_exactly(channel, head_size))
    return header, _exactly(channel, payload_size)


def _exactly(channel: socket.socket, size: int, first: bytes | None = None) -> bytes:
    if first == b"":
        raise EOFError("the other side is gone")
    pieces = []
    while size:
        try:
            piece = channel.recv(min(size, 1 << 20))
        except ConnectionError as error:
            raise EOFError("the other side is gone") from error
        if not piece:
            raise EOFError("the other side is gone")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
