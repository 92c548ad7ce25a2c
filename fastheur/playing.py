"""The supervisor's side of the player process: starts it, asks it, and kills it when it hangs."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any

from fastheur import sockets
from fastheur.errors import EngineError, FastheurError, PolicyDied, named_error
from fastheur.meter import StepMeter
from fastheur.sandbox import resident

START_S = 120.0
"""The player has so long to load its libraries, on a machine that may be busy."""

MOST_BYTES = 2 << 30
"""A player that has grown beyond this is replaced before the next request: compiled code is never given back."""

MOST_LOG = 4 << 20
"""Bytes of the log of a run's player."""

_GLANCE_S = 0.25
"""How often a waiting supervisor looks at the step meter."""


@dataclass(frozen=True)
class Deadlines:
    """Wall seconds after which the player is killed: without a single env step or answer, and for a whole request."""

    idle_s: float = 30.0
    request_s: float = 600.0


class Player:
    """The player process of a run, started when it is first needed and again after it was killed.

    Args:
        meter: path of the step meter's file. log: file that takes whatever policies and simulators print.
        lock: descriptor that the player keeps open as long as it lives, so that nobody takes over before.

    Attributes:
        watch: called with the env steps taken, now and then while a request goes on.
    """

    def __init__(self, meter: Path, log: Path, lock: int) -> None:
        self._meter_path, self._log, self._lock = meter, log, lock
        self._meter = StepMeter(meter)
        self.watch: Callable[[int], None] = lambda taken: None
        self._process: subprocess.Popen | None = None
        self._connection: socket.socket | None = None
        self._alive = -1

    def ask(
        self,
        request: Mapping[str, Any],
        deadlines: Deadlines,
        heard: Callable[[dict[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        """Send a request and return what came of it; ``heard`` gets every message on the way.

        Raises:
            FastheurError: what the player found wrong, under its own class.
            PolicyDied: it crashed, or a deadline passed. The next request starts another process.
        """
        _shorten(self._log)
        connection = self._started()
        try:
            answer = self._answer(connection, request, deadlines, heard)
        except ConnectionError as error:
            raise self._died(request) from error
        except (
            BaseException
        ):  # Ctrl-C, or no room on disk: the player is in the middle of something nobody wants any more
            self.close()
            raise
        if "error" in answer:
            raise named_error(**answer["error"])
        return answer["done"]

    def _answer(
        self,
        connection: socket.socket,
        request: Mapping[str, Any],
        deadlines: Deadlines,
        heard: Callable[[dict[str, Any]], None] | None,
    ) -> dict[str, Any]:
        """Send a request and return the message that ends it."""
        began = looked = time.monotonic()
        first = taken = self._meter.taken
        sockets.send(connection, request)
        while True:
            if select.select([connection], [], [], _GLANCE_S)[0]:
                received = sockets.receive(connection)
                if received is None:
                    raise self._died(request)
                message, looked = received[0], time.monotonic()
                if "done" in message or "error" in message:
                    return message
                if heard:
                    heard(message)
            now = time.monotonic()
            if self._meter.taken != taken:
                taken, looked = self._meter.taken, now
                self.watch(taken)
            if now - looked > deadlines.idle_s:
                raise self._hung(request, f"no env step in {deadlines.idle_s:g} s", taken - first)
            if now - began > deadlines.request_s:
                raise self._hung(request, f"not done within {deadlines.request_s:g} s", taken - first)

    def close(self) -> None:
        """End the player and all its children."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        alive, self._alive = self._alive, -1
        if alive >= 0:
            os.close(alive)

    def _started(self) -> socket.socket:
        if self._process is not None and (self._process.poll() is not None or resident(self._process.pid) > MOST_BYTES):
            self.close()
        if self._process is None:
            try:
                self._start()
            except BaseException:
                self.close()
                raise
        assert self._connection is not None
        return self._connection

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        watched, self._alive = os.pipe()  # nothing is ever written: the kernel tells the player when our end closes
        setup = {"socket": theirs.fileno(), "alive": watched, "lock": self._lock, "meter": str(self._meter_path)}
        package = str(Path(__file__).parent.parent)
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        self._connection = ours
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "fastheur.player", dumps(setup)],
                    pass_fds=(theirs.fileno(), watched, self._lock),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "PYTHONPATH": path},
                    start_new_session=True,
                )
        except OSError as error:
            raise EngineError(f"Cannot start the process that plays policies: {error.strerror or error}.") from error
        finally:
            theirs.close()
            os.close(watched)
        if not select.select([ours], [], [], START_S)[0] or sockets.receive(ours) is None:
            raise self._died({"do": "start"})

    def _died(self, request: Mapping[str, Any]) -> FastheurError:
        process = self._process
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        code = process.returncode
        how = "left its socket" if code is None else f"signal {-code}" if code < 0 else f"exit code {code}"
        self.close()
        return PolicyDied(
            f"The process that played {_what(request)} died ({how}) after {self._meter.taken:,} env steps; "
            f"{self._log.name} in the run folder may say why."
        )

    def _hung(self, request: Mapping[str, Any], why: str, taken: int) -> FastheurError:
        self.close()
        return PolicyDied(f"{_what(request)} was stopped: {why}, after {taken:,} env steps. A loop that never ends?")


def _shorten(log: Path) -> None:
    """Keep the last half of a log that has become too long."""
    with suppress(OSError):
        if log.stat().st_size > MOST_LOG:
            data = log.read_bytes()[-MOST_LOG // 2 :]
            with log.open("r+b") as file:
                file.write(data)
                file.truncate()


def _what(request: Mapping[str, Any]) -> str:
    candidates = request.get("candidates")
    if candidates:
        return str(candidates[0]["name"]) if len(candidates) == 1 else f"{len(candidates)} candidates"
    return str(request.get("name", f"the {request['do']}"))
