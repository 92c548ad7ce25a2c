"""Stands in for the Lab in another process: the door of a run whose supervisor listens on the run's Unix socket."""

import os
import shlex
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from fastheur import lab_wire, sockets
from fastheur.errors import ConfigError
from fastheur.operations import Answer


class DoorClient:
    """A door with the same answers and the same errors as the supervisor's own, at the Unix socket ``path``.

    A connection that was lost between two operations is made again: the run may have been resumed meanwhile.

    Raises:
        ConfigError: no supervisor listens there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.path.abspath(path)
        self._run = os.path.dirname(self._path)
        self._resume = f"`fastheur learn resume={shlex.quote(self._run)}`"
        self._turn = threading.Lock()
        self._connection = self._connected()

    def __enter__(self) -> "DoorClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; the run goes on."""
        self._connection.close()

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """Do one operation; waits for its turn and until it is done, however long that takes."""
        return lab_wire.answer(self._ask("call", operation, dict(arguments)))

    def charge(self, tokens: int | None, money: float | None) -> None:
        """Charge tokens and money."""
        self._ask("charge", tokens, money)

    def remember(self, kind: str, content: Any) -> None:
        """Keep something of the agent's own."""
        self._ask("remember", kind, content)

    def recall(self, kind: str) -> list[Any]:
        """Return what was kept."""
        return list(self._ask("recall", kind))

    def say(self, text: str) -> None:
        """Show one line of progress."""
        self._ask("say", text)

    def _ask(self, doing: str, *arguments: Any) -> Any:
        with self._turn:
            if _left(self._connection):
                self._connection.close()
                self._connection = self._connected()
            try:
                reply = self._reply({"do": doing, "arguments": arguments})
            except BaseException:  # interrupted: what is still to come must not be taken for the next reply
                self._connection.close()
                raise
        return lab_wire.outcome(reply)

    def _reply(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            data = sockets.packed(message)
        except sockets.Oversized as error:
            raise lab_wire.too_long(error.size) from error
        try:
            sockets.send_packed(self._connection, data)
        except ConnectionError as error:
            raise self._ended("before it took the operation; nothing was done") from error
        try:
            received = sockets.receive(self._connection)
        except ConnectionError:
            received = None
        if received is None:
            raise self._ended("during the operation; what was stepped stays charged")
        return received[0]

    def _ended(self, when: str) -> ConfigError:
        return ConfigError(f"The supervisor of {self._run} ended {when}. Go on with {self._resume}.")

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sockets.at(self._path, connection.connect)
            if sockets.peer(connection)[1] != os.getuid():
                raise PermissionError(None, "it belongs to another user")
            return connection
        except (FileNotFoundError, ConnectionRefusedError) as error:
            connection.close()
            raise ConfigError(f"No supervisor listens for {self._run}; start one with {self._resume}.") from error
        except OSError as error:
            connection.close()
            raise ConfigError(f"Cannot reach the supervisor at {self._path}: {error.strerror}.") from error


def _left(connection: socket.socket) -> bool:
    """True where the other side has closed the connection, or this one has."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
