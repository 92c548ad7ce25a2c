"""Where a resident process is met and what is said to it: the part that client and server share, light to import.

A resident process belongs to one installation (version, place, Python) and to one way of being started (the variables
that libraries read as they are loaded, and the cores it may use): both are in its socket's name, so that no other answers.
"""

import os
import socket
import stat
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from fastheur import __version__
from fastheur.resources import CONF, cache_folder
from fastheur.sockets import send

VARIABLE = "FASTHEUR_RESIDENT"
"""Environment variable that sends calls to the resident process; empty and 0 leave them in the calling one."""

SERVED = frozenset(("eval", "check", "race"))
"""Verbs that the resident process does."""

IDLE_MINUTES = 15
"""A resident process ends by itself after so long without a call."""

idle_work: list[Callable[[], Any]] = []
"""What the resident process does after a call's end was told and before it takes the next: short, and in this order."""

_AT_START = (
    "PYTHON", "LD_", "NUMBA_", "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "OPENCV_", "MUJOCO_", "MESA_", "SDL_",
    "TMPDIR", "LANG", "LC_",
)  # fmt: skip
"""How the variables begin whose value counts when a process or a library starts, and later no more."""

_PACKAGE = os.path.dirname(os.path.realpath(__file__))
_SOURCES = (".py", ".so", ".yaml", ".csv", ".json")

READY, STARTED, DONE, OLD, FOREIGN, STATUS, BYE = b"r", b"s", b"d", b"o", b"f", b"t", b"b"
"""Replies. A caller speaks when it has heard READY: open files in an unread message would keep its pipes open."""

_REPLY = struct.Struct("=cBIdd")
Reply = tuple[bytes, int, int, float, float]
"""Kind, exit code, calls so far, seconds since the start, idle seconds allowed."""


def place() -> str:
    """Return this caller's socket, in a folder of the user's own, which is made.

    Raises:
        ConfigError: the folder belongs to or is open to others, or cannot be made.
    """
    return os.path.join(_folder(), f"{installation()}-{_hash(_start())}.sock")


def places() -> list[str]:
    """Return every socket of this installation, whatever environment it was started in."""
    folder = _folder()
    names = [name for name in os.listdir(folder) if name.startswith(installation()) and name.endswith(".sock")]
    return sorted(os.path.join(folder, name) for name in names)


def beside(socket_path: str, suffix: str) -> str:
    """Return the lock or log file of a socket."""
    return socket_path.removesuffix(".sock") + suffix


def identity() -> list[str]:
    """Return what makes this installation and start: compared in full, as the name in the folder is only a short hash."""
    return [__version__, _PACKAGE, sys.executable, *_start()]


def installation() -> str:
    """Return the part of a socket's name that stands for version, package and Python."""
    return _hash([__version__, _PACKAGE, sys.executable])


def stamp() -> str:
    """Return a text that changes with every file the package consists of, configuration included."""
    files = sorted(entry for folder in (_PACKAGE, str(CONF)) for entry in _files(folder))
    return f"{len(files)}-{_hash(files)}-{zlib.adler32(''.join(files).encode()):08x}"


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            elif entry.name.endswith(_SOURCES):
                found = entry.stat()
                yield f"{entry.path} {found.st_mtime_ns} {found.st_size}"


def _start() -> list[str]:
    variables = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(_AT_START))
    return [*variables, repr(sorted(os.sched_getaffinity(0)))]


def _hash(parts: Sequence[str]) -> str:
    return f"{zlib.crc32(chr(0).join(parts).encode('utf-8', 'surrogateescape')):08x}"


def _folder() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folder = os.path.join(runtime, "fastheur") if _usable(runtime) else str(cache_folder() / "resident")
    try:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        found = os.lstat(folder)
    except OSError as error:
        raise problem(
            f"Cannot make the folder {folder} for the resident process: {error.strerror}. Unset {VARIABLE}."
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise problem(
            f"{folder} is not a folder of yours alone, expected one with mode 700: remove it, or unset {VARIABLE}."
        )
    return folder


def _usable(runtime: str) -> bool:
    return os.path.isabs(runtime) and os.path.isdir(runtime) and os.access(runtime, os.W_OK)


def problem(message: str) -> Exception:
    """Return a ConfigError; its module is loaded only when there is something to say."""
    from fastheur.errors import ConfigError

    return ConfigError(message)


def reply(
    connection: socket.socket, kind: bytes, code: int = 0, calls: int = 0, age: float = 0, idle: float = 0
) -> None:
    """Send a reply of fixed size."""
    connection.sendall(_REPLY.pack(kind, code, calls, age, idle))


def asked(connection: socket.socket, message: dict[str, Any], files: Sequence[int] = ()) -> Reply | None:
    """Wait until the resident process listens, send ``message`` and return the first reply; None: it left."""
    if replied(connection) is None:
        return None
    try:
        send(connection, message, files)
    except ConnectionError:
        return None
    return replied(connection)


def replied(connection: socket.socket) -> Reply | None:
    """Wait for a reply and return it; None where the other side left."""
    data = b""
    while len(data) < _REPLY.size:
        try:
            part = connection.recv(_REPLY.size - len(data))
        except ConnectionError:
            part = b""
        if not part:
            return None
        data += part
    return _REPLY.unpack(data)
