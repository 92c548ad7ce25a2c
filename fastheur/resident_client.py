"""Hands a call of the command line to the resident process, which it starts where none runs; light to import.

Nothing heavy is loaded before it is known whose call it is: a call that is handed over costs Python's own start and a
few milliseconds.
"""

import fcntl
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from fastheur import resident, sockets

_ATTEMPTS = 4
"""A process that is about to leave, or is of older sources, makes room for another; more than this is a fault."""

_START_SECONDS = 30.0
_PATIENCE = 1.0
"""After so long a caller that waits is told why."""

_BOOT = "import sys; sys.path[:] = sys.argv.pop().split(':'); from fastheur.resident_server import main; main()"


def answer(words: Sequence[str]) -> int | None:
    """Let the resident process do the call and return its exit code; None where this process is to do it itself."""
    if not wanted(words):
        return None
    try:
        return _call(words)
    except KeyboardInterrupt:
        return _said("interrupted", 130)
    except Exception as error:
        from fastheur.errors import FastheurError

        if not isinstance(error, FastheurError):
            raise
        return _said(str(error), 2)


def wanted(words: Sequence[str]) -> bool:
    """True for a call that the user wants served and that can be: no sweep, no help text, all streams open."""
    return (
        os.environ.get(resident.VARIABLE, "0") not in ("", "0")
        and bool(words)
        and words[0] in resident.SERVED
        and not {"-m", "--multirun", "-h", "--help"} & set(words)
        and None not in (sys.stdin, sys.stdout, sys.stderr)
    )


def _said(message: str, code: int) -> int:
    with suppress(OSError):
        print(f"fastheur: {message}", file=sys.stderr, flush=True)
    return code


def _call(words: Sequence[str]) -> int | None:
    try:
        folder = os.getcwd()
    except OSError:  # the folder was removed: whatever there is to say, the ordinary way says it
        return None
    where, mask = resident.place(), os.umask(0)
    os.umask(mask)
    message = {
        "kind": "call",
        "identity": resident.identity(),
        "stamp": resident.stamp(),
        "argv": [sys.argv[0], *words],
        "cwd": folder,
        "env": dict(os.environ),
        "umask": mask,
        "streams": [_stream(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
    }
    for _ in range(_ATTEMPTS):
        connection, fresh = connected(where)
        with connection:
            outcome = _talk(connection, message, where, fresh)
        if outcome is None:
            continue
        return None if outcome < 0 else outcome
    raise resident.problem(
        f"The resident process ended {_ATTEMPTS} times before it took the call; {resident.beside(where, '.log')} may say "
        f"why. Unset {resident.VARIABLE} to do without it."
    )


def _stream(stream: Any) -> dict[str, Any]:
    return {name: getattr(stream, name) for name in ("encoding", "errors", "line_buffering", "write_through")}


def _talk(connection: socket.socket, message: dict[str, Any], where: str, fresh: bool) -> int | None:
    """Return the exit code; None where the process left before it began, -1 where it is not for this installation."""
    pid = sockets.peer(connection)[0]
    with _forwarding(connection) as begin:
        if not fresh and not select.select([connection], [], [], _PATIENCE)[0]:
            _said(f"waiting for the resident process {pid}, which is starting or busy with another call.", 0)
        first = resident.asked(connection, message, (0, 1, 2))
        if first is None or first[0] == resident.OLD:
            return None
        if first[0] != resident.STARTED:
            return -1
        begin()
        last = resident.replied(connection)
    if last is not None:
        return last[1]
    return _said(
        f"the resident process {pid} died during the call. The trial stays open, and the ledger keeps what was written; "
        f"{resident.beside(where, '.log')} may say why. The next call starts another process.",
        1,
    )


@contextmanager
def _forwarding(connection: socket.socket) -> Iterator[Any]:
    """Send Ctrl-C and a polite kill on to the call, from ``begin()`` on; before it they end the client alone."""
    begun = False

    def begin() -> None:
        nonlocal begun
        begun = True

    def forward(number: int, frame: Any) -> None:
        if not begun:
            raise KeyboardInterrupt
        with suppress(OSError):
            connection.send(b"i", socket.MSG_DONTWAIT)

    wanted = [signal.SIGTERM] + [signal.SIGINT] * (signal.getsignal(signal.SIGINT) != signal.SIG_IGN)
    before = {number: signal.signal(number, forward) for number in wanted}
    try:
        yield begin
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if begun else handler)  # the exit code must outlive a late Ctrl-C


def connection_to(where: str) -> socket.socket | None:
    """Return a connection to the socket ``where``, or None where no process of this user listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sockets.at(where, connection.connect)
        if sockets.peer(connection)[1] == os.getuid():
            return connection
    except (FileNotFoundError, ConnectionError):
        pass
    except OSError as error:
        connection.close()
        raise resident.problem(f"Cannot reach the resident process at {where}: {error.strerror}.") from error
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def connected(where: str, idle: float = resident.IDLE_MINUTES) -> tuple[socket.socket, bool]:
    """Return a connection to the resident process and whether it was started for it: ``idle`` is then its idle time.

    Raises:
        ConfigError: it does not start.
    """
    connection = connection_to(where)
    if connection:
        return connection, False
    try:
        with locked(where):  # of two clients at once, the second finds the first one's process
            connection = connection_to(where)
            return (connection, False) if connection else (_started(where, idle), True)
    except OSError as error:
        raise resident.problem(
            f"Cannot start the resident process: {error}. Unset {resident.VARIABLE} to do without it."
        ) from error


@contextmanager
def locked(where: str) -> Iterator[None]:
    """Keep other clients and leaving servers of the same socket waiting for the length of the block."""
    lock = os.open(resident.beside(where, ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _started(where: str, idle: float) -> socket.socket:
    import subprocess

    with suppress(FileNotFoundError):
        os.unlink(where)
    parent, folder = os.path.dirname(os.path.dirname(os.path.abspath(resident.__file__))), os.getcwd()
    # the caller's folder stands in sys.path of `python -m`: it must not follow other callers
    path = [entry for entry in sys.path if entry == parent or entry not in ("", folder)]
    log = os.open(resident.beside(where, ".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, where, str(idle), ":".join(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, cwd="/", start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(log)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = connection_to(where)
        if connection:
            process.returncode = 0  # it outlives this process: nobody is to wait for it
            return connection
        time.sleep(0.005)
    raise resident.problem(
        f"The resident process does not start; {resident.beside(where, '.log')} says why. Unset {resident.VARIABLE} to "
        "do without it."
    )
