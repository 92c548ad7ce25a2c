"""Serves the Lab's door on the run's Unix socket: any number of clients, one operation at a time."""

import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from fastheur import lab_wire, sockets
from fastheur.agents.base import Door
from fastheur.errors import ConfigError, FastheurError
from fastheur.operations import Answer

CLOSE_SECONDS = 60.0
"""A server that closes waits so long, at most, for the operation that runs."""


class TurnDoor:
    """A door whose users, in any number of threads, take turns."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.turn = threading.RLock()

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """Do one operation."""
        with self.turn:
            return self._door.call(operation, arguments)

    def charge(self, tokens: int | None, money: float | None) -> None:
        """Charge tokens and money."""
        with self.turn:
            self._door.charge(tokens, money)

    def remember(self, kind: str, content: Any) -> None:
        """Keep something of the agent's own."""
        with self.turn:
            self._door.remember(kind, content)

    def recall(self, kind: str) -> list[Any]:
        """Return what was kept."""
        with self.turn:
            return self._door.recall(kind)

    def say(self, text: str) -> None:
        """Show one line of progress."""
        with self.turn:
            self._door.say(text)


class DoorServer:
    """Serves ``door`` at the Unix socket ``path`` until :meth:`close`, to processes of the same user only.

    Attributes:
        door: the same door for users in this process, who take turns with the clients.

    Raises:
        ConfigError: another process listens there, or the socket cannot be made.
    """

    def __init__(self, door: Door, path: str | os.PathLike[str]) -> None:
        self.door = TurnDoor(door)
        self._path = os.path.abspath(path)
        self._closed = False
        self._lock = threading.Lock()
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._listener = _listener(self._path)
        self._file = os.stat(self._path).st_ino
        self._thread = threading.Thread(target=self._accept, name="fastheur-lab", daemon=True)
        self._thread.start()

    def __enter__(self) -> "DoorServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop: the operation that runs is done and answered, those that wait for their turn are told, all are sent off."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            clients = dict(self._clients)
        with suppress(FileNotFoundError):
            if os.stat(self._path).st_ino == self._file:  # else another supervisor's
                os.unlink(self._path)
        for connection in (self._listener, *clients):
            with suppress(OSError):  # it has left by itself
                connection.shutdown(socket.SHUT_RD)  # wakes the thread that waits on it; a reply still goes out
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in (self._thread, *clients.values()):
            if thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0))

    def _accept(self) -> None:
        with self._listener:
            while not self._closed:
                try:
                    connection = self._listener.accept()[0]
                except OSError:  # closed; or no more files may be open, which passes
                    time.sleep(0.0 if self._closed else 0.1)
                    continue
                thread = threading.Thread(target=self._serve, args=(connection,), name="fastheur-client", daemon=True)
                with self._lock:
                    if self._closed or sockets.peer(connection)[1] != os.getuid():
                        connection.close()
                        continue
                    self._clients[connection] = thread
                    thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError):  # a client that has left
                while (reply := self._reply(connection)) is not None:
                    sockets.send_packed(connection, reply)
        finally:
            with self._lock:
                del self._clients[connection]

    def _reply(self, connection: socket.socket) -> bytes | None:
        """Return the reply to the next message; None where the client has left or the server closes."""
        try:
            received = sockets.receive(connection)
        except sockets.Oversized as error:
            sockets.skip(connection, error.size)  # else the client would not come to read the reply
            return sockets.packed(lab_wire.problem(lab_wire.too_long(error.size)))
        if received is None:
            return None
        message, files = received
        for file in files:
            os.close(file)
        try:
            return sockets.packed(lab_wire.result(self._do(message)))
        except Exception as error:
            if not isinstance(error, FastheurError):  # a fault of the Lab must not end the run
                traceback.print_exc(file=sys.stderr)
            return sockets.packed(lab_wire.problem(error))

    def _do(self, message: Mapping[str, Any]) -> Any:
        doing, arguments = message.get("do"), message.get("arguments")
        if doing not in lab_wire.DOINGS or not isinstance(arguments, list):
            raise ConfigError(
                f"Found the message {str(message)[:80]}, expected do (one of {', '.join(lab_wire.DOINGS)}) and arguments."
            )
        with self.door.turn:
            if self._closed:
                raise ConfigError("The supervisor of this run has ended; nothing was done.")
            return getattr(self.door, doing)(*arguments)


def _listener(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), 0o600)  # before there is a file: at no moment may others connect
        if os.path.lexists(path):
            if _listens(path):
                raise ConfigError(f"Another process listens at {path}: a run has one supervisor; end that one first.")
            os.unlink(path)
        sockets.at(path, listener.bind)
        listener.listen(64)
        return listener
    except OSError as error:
        listener.close()
        raise ConfigError(f"Cannot make the socket {path}: {error.strerror}.") from error
    except BaseException:
        listener.close()
        raise


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            sockets.at(path, connection.connect)
        except (FileNotFoundError, ConnectionError):  # left behind by a supervisor that was killed
            return False
        return True
