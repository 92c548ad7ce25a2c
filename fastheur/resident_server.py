"""The resident process: keeps the libraries loaded and does one call of the command line after another.

One main thread does everything, as the simulators and signals want it; callers wait in the socket's queue. It ends after
its idle time, when it is told to, when the package's files have changed, and after ``MOST_CALLS`` calls.
"""

import faulthandler
import os
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Any

from fastheur import resident, sockets
from fastheur.resident_call import Interrupts, command, surroundings, tidy, watched
from fastheur.resident_client import locked
from fastheur.verbs import VERBS

MOST_CALLS = 1000
"""Compiled code of ever new policies is never freed: after so many calls a new process starts clean."""

_MESSAGE_SECONDS = 5.0
"""A caller that connects has its message ready; one that has not must not keep the others waiting."""


class _Leave(Exception):
    """A polite kill while no call runs."""


class Server:
    """Serves the socket ``where``: listens from the start, so that callers queue while libraries are being loaded."""

    def __init__(self, where: str, idle: float) -> None:
        self._where, self._idle = where, idle
        self._calls, self._began = 0, time.monotonic()
        self._stamp = resident.stamp()  # before anything is loaded: a later change is noticed
        self._identity = resident.identity()
        self._leaving = self._accepting = False
        self._interrupts = Interrupts()
        signal.signal(signal.SIGTERM, self._polite_kill)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sockets.at(where, self._listener.bind)
        self._file = _file(where)
        self._listener.listen(64)
        self._listener.settimeout(idle * 60)

    def run(self) -> None:
        """Serve until there is a reason to leave."""
        last = None
        while not self._leaving and self._calls < MOST_CALLS:
            connection = self._accepted()
            if connection is None:
                break
            try:
                last = self._serve(connection)
            except OSError:  # this caller is gone; the next may be there
                last = None
            finally:
                if last is None:
                    connection.close()
            self._work_idly()
        self._leave()

    def _accepted(self) -> socket.socket | None:
        try:
            self._accepting = True
            return self._listener.accept()[0]
        except (TimeoutError, _Leave):
            return None
        finally:
            self._accepting = False

    def _serve(self, connection: socket.socket) -> socket.socket | None:
        """Do what one caller wants; returns the connection where it is to be kept open until this process has ended."""
        if sockets.peer(connection)[1] != os.getuid():
            return None
        connection.settimeout(_MESSAGE_SECONDS)
        resident.reply(connection, resident.READY)
        received = sockets.receive(connection)
        connection.settimeout(None)
        if received is None:
            return None
        message, files = received
        kind = message.get("kind")
        if kind == "call" and message.get("identity") == self._identity and message.get("stamp") == self._stamp:
            self._call(connection, message, files)
            return None
        for file in files:
            os.close(file)
        if kind == "call" and message.get("identity") != self._identity:
            resident.reply(connection, resident.FOREIGN)
        elif kind == "status":
            age = time.monotonic() - self._began
            resident.reply(connection, resident.STATUS, 0, self._calls, age, self._idle * 60)
        elif kind in ("call", "stop"):
            self._leave()  # first, so that whoever is told can start another at once
            resident.reply(connection, resident.OLD if kind == "call" else resident.BYE)
            return connection
        return None

    def _call(self, connection: socket.socket, message: dict[str, Any], files: list[int]) -> None:
        self._calls += 1
        from fastheur import cli

        self._interrupts.clear()
        with watched(connection), surroundings(message, files):
            resident.reply(connection, resident.STARTED)
            code = self._interrupts.run(lambda: command(message, cli.main))
        resident.reply(connection, resident.DONE, code & 0xFF)

    def _work_idly(self) -> None:
        tidy(settled=self._calls <= 1)  # much is loaded by the first call only
        for work in resident.idle_work:
            try:
                work()
            except Exception:  # belongs to no call: the log has it
                traceback.print_exc()

    def _leave(self) -> None:
        """Take the socket away, so that the next caller starts another process; those in the queue try again."""
        self._leaving = True
        if self._listener.fileno() < 0:  # it has been taken away, and another's may be there
            return
        with locked(self._where), suppress(OSError):
            if _file(self._where) == self._file:
                os.unlink(self._where)
        self._listener.close()

    def _polite_kill(self, number: int, frame: Any) -> None:
        self._leaving = True
        if self._accepting:
            raise _Leave
        self._interrupts.handle(number, frame)


def _file(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns


def load() -> None:
    """Import what a call needs and read the configuration once."""
    from fastheur import cli

    for verb in sorted(resident.SERVED & set(VERBS)):
        import_module(VERBS[verb].module)
    cli.compose("eval", [])


def main() -> None:
    """Serve: the arguments are the socket's path and the idle time in minutes."""
    where, idle = sys.argv[1], float(sys.argv[2])
    os.umask(0o077)
    faulthandler.enable(os.dup(2))  # a crash inside a call is told in the log, not on the caller's terminal
    server = Server(where, idle)
    load()
    server.run()
