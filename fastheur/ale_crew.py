"""The worker processes of the ale engine: started once per game and kept, rung through pipes, missed when they die."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastheur.ale_lane import ROWS, Lookout, block_dtype, blocks
from fastheur.errors import EngineError
from fastheur.isolation import turns

SPIN_S = 0.002
"""How long the harness looks out for an answer before it sleeps, where there is a core for it: waking takes as long as a
frame."""

KEPT = 2
"""Crews that wait for another evaluation of their game; each holds its machines (about 1 MiB per slot)."""


class Crew:
    """Worker processes for one game and mode, with ``lanes`` lanes each.

    Attributes:
        blocks: the shared memory, one record per lane; lane ``n`` belongs to worker ``n // lanes``.
    """

    def __init__(self, game: dict[str, Any], workers: int, lanes: int, machines: int = 0) -> None:
        self._lanes = lanes
        self._ready: deque[int] = deque()
        self._lookout = Lookout(SPIN_S)
        self._commands: list[int] = []
        self._alive: dict[int, int] = {}
        self._children: list[subprocess.Popen] = []
        self._complaints: list[Any] = []
        self._answers, ring_back = os.pipe()
        self._poll = select.epoll()
        self._poll.register(self._answers, select.EPOLLIN)
        memory = os.memfd_create("fastheur-ale")
        try:
            self._hire({**game, "machines": min(machines, ROWS)}, workers, memory, ring_back)
        except OSError as error:
            self.close()
            raise EngineError(
                f"Cannot start {workers} workers of engine=ale: {error.strerror or error}. Ask for fewer threads, or use "
                "engine=envpool."
            ) from error
        except BaseException:
            self.close()
            raise
        finally:
            os.close(memory)
            os.close(ring_back)

    def _hire(self, game: dict[str, Any], workers: int, memory: int, ring_back: int) -> None:
        turns.shorten()  # the workers inherit it: who hands work on is not kept waiting by who computes
        total = workers * self._lanes
        os.ftruncate(memory, block_dtype(game["mode"]).itemsize * total)
        self.blocks: npt.NDArray[np.void] = blocks(memory, game["mode"], total)
        for number in range(workers):
            setup = {**game, "memory": memory, "answers": ring_back, "lanes": total, "own_lanes": self._lanes}
            setup |= {"began": time.perf_counter(), "first_lane": number * self._lanes}
            self._start(setup, memory, ring_back)

    def _start(self, setup: dict[str, Any], memory: int, ring_back: int) -> None:
        complaints = tempfile.TemporaryFile()  # noqa: SIM115 - kept as long as the worker
        self._complaints.append(complaints)
        listening, command = os.pipe()
        self._commands.append(command)
        watching, held = os.pipe()  # the worker never writes to it: its end closes when the worker dies
        self._alive[watching] = len(self._children)
        self._poll.register(watching, select.EPOLLIN)
        package = str(Path(__file__).parent.parent)
        environment = {
            **os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH")))),
        }  # fmt: skip
        try:
            child = subprocess.Popen(  # -P: the modules of the caller's folder are none of the worker's
                [sys.executable, "-P", "-m", "fastheur.ale_worker", json.dumps({**setup, "commands": listening})],
                pass_fds=(memory, ring_back, listening, held),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                env=environment,
            )
        finally:
            os.close(listening)
            os.close(held)
        self._children.append(child)

    def ring(self, lane: int) -> None:
        """Have a lane's worker carry out the command in the lane's block."""
        try:
            os.write(self._commands[lane // self._lanes], lane.to_bytes(2, "little"))
        except BrokenPipeError as error:
            raise self._lost(lane // self._lanes) from error

    def wait(self, spin: bool = False) -> int:
        """Return a lane that has answered, the first one first; ``spin`` where a core is free to look out for it."""
        if spin and not self._ready:
            self._lookout.look(self._heard)
        while not self._ready:
            self._heard(None)
        return self._ready.popleft()

    def _heard(self, timeout: float | None = 0.0) -> bool:
        """Take the answers that are there, or come within ``timeout`` seconds; True if there are any."""
        for source, _ in self._poll.poll(timeout):
            if source != self._answers:
                raise self._lost(self._alive[source])
            message = os.read(self._answers, 4096)
            self._ready.extend(np.frombuffer(message, "<u2").tolist())
        return bool(self._ready)

    def _lost(self, number: int) -> EngineError:
        child, complaints = self._children[number], self._complaints[number]
        code = child.wait()
        complaints.seek(0)
        said = complaints.read().decode(errors="replace").strip().splitlines()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return EngineError(
            f"A worker of engine=ale {how}{': ' + said[-1] if said else ''}. Try again, or use engine=envpool."
        )

    def fit(self) -> bool:
        """True while no worker has ended."""
        return all(child.poll() is None for child in self._children)

    def close(self) -> None:
        """End the workers."""
        self.forget()
        for child in self._children:
            child.kill()
            child.wait()

    def forget(self) -> None:
        """Close this process's ends of everything; the workers leave when the last copy of their command pipe closes."""
        self._poll.close()
        for descriptor in (*self._commands, *self._alive, self._answers):
            os.close(descriptor)
        for complaints in self._complaints:
            complaints.close()


_IDLE: dict[str, Crew] = {}
"""Crews between two evaluations, the longest idle first."""


def hire(game: dict[str, Any], workers: int, lanes: int, machines: int = 0) -> Crew:
    """Return a crew for the game: one that is idle, or a new one, which loads ``machines`` per lane until it is rung for."""
    crew = _IDLE.pop(_key(game, workers, lanes), None)
    if crew and not crew.fit():
        crew.close()
        crew = None
    return crew or Crew(game, workers, lanes, machines)


def release(crew: Crew, game: dict[str, Any], workers: int, lanes: int) -> None:
    """Keep a crew whose lanes have all answered for the next evaluation of its game."""
    spare = _IDLE.pop(_key(game, workers, lanes), None)
    if spare:
        spare.close()
    _IDLE[_key(game, workers, lanes)] = crew
    for key in list(_IDLE)[:-KEPT]:
        idle = _IDLE.pop(key, None)  # another thread may have hired it
        if idle:
            idle.close()


def _forget_all() -> None:
    """In a forked child: the idle crews are the parent's, two masters would mix up each other's episodes."""
    while _IDLE:
        _IDLE.popitem()[1].forget()


os.register_at_fork(after_in_child=_forget_all)


def _key(game: dict[str, Any], workers: int, lanes: int) -> str:
    return json.dumps([game, workers, lanes], sort_keys=True)
