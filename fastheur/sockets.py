"""Messages over Unix sockets: framing, paths too long for an address, and who is at the other side; light to import."""

import errno
import json
import os
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MOST_BYTES = 1 << 24
"""No message is longer."""

_PATH_BYTES = 100
_HEAD = struct.Struct("=I")
_PART = 1 << 16


class Oversized(OSError):
    """A message of ``size`` bytes, more than :data:`MOST_BYTES`: nothing of it was sent or read."""

    def __init__(self, size: int) -> None:
        super().__init__(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        self.size = size


def at(socket_path: str, use: Callable[[str], Any]) -> Any:
    """Call ``use`` (a socket's bind or connect) with an address for ``socket_path`` that is short enough for one."""
    if len(os.fsencode(socket_path)) <= _PATH_BYTES:
        return use(socket_path)
    folder = os.open(os.path.dirname(socket_path), os.O_PATH | os.O_DIRECTORY)
    try:
        return use(f"/proc/self/fd/{folder}/{os.path.basename(socket_path)}")
    finally:
        os.close(folder)


def peer(connection: socket.socket) -> tuple[int, int]:
    """Return process id and user id of the other side."""
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid


def packed(message: Mapping[str, Any]) -> bytes:
    """Return ``message`` as it goes over a socket.

    Raises:
        Oversized: it is too long.
    """
    data = json.dumps(message).encode("ascii")
    if len(data) > MOST_BYTES:
        raise Oversized(len(data))
    return data


def send(connection: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send one message, and the open ``files`` with it.

    Raises:
        Oversized: the message is too long; nothing was sent.
    """
    send_packed(connection, packed(message), files)


def send_packed(connection: socket.socket, data: bytes, files: Sequence[int] = ()) -> None:
    """Send what :func:`packed` returned."""
    socket.send_fds(connection, [_HEAD.pack(len(data))], list(files))
    connection.sendall(data)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return a message and the files that came with it; None where the other side left or said something else.

    Raises:
        Oversized: a message that is too long begins; :func:`skip` reads over it.
    """
    head, files, _, _ = socket.recv_fds(connection, _HEAD.size, 3, socket.MSG_CMSG_CLOEXEC)
    data = bytearray()
    try:
        size = _HEAD.unpack(head)[0] if len(head) == _HEAD.size else 0
        if size > MOST_BYTES:
            raise Oversized(size)
        while len(data) < size:
            part = connection.recv(size - len(data))
            if not part:
                break
            data += part
        if size and len(data) == size:
            message = json.loads(data)
            if isinstance(message, dict):
                return message, files
    except ValueError:
        pass
    except BaseException:
        _close(files)
        raise
    _close(files)
    return None


def skip(connection: socket.socket, size: int) -> None:
    """Read ``size`` bytes and forget them, or what comes until the other side leaves."""
    while size > 0 and (part := connection.recv(min(size, _PART))):
        size -= len(part)


def _close(files: Sequence[int]) -> None:
    for file in files:
        os.close(file)
