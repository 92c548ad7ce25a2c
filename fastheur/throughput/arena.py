"""Gives every contender a process of its own, lets them take turns, and hands back what each of them reached.

Conventions. Processes start, import and build before any clock runs. One after the other each contender then tries its
settings and keeps the fastest. After that they take turns in blocks of the same work; who waits is stopped, with all its processes.
"""

import contextlib
import multiprocessing
import os
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastheur.errors import ConfigError
from fastheur.throughput.contenders import Contender
from fastheur.throughput.corner import serve
from fastheur.throughput.setting import Setting
from fastheur.throughput.workloads import Workload

PAUSE = 0.15
"""Seconds before every block: an asynchronous contender is still stepping when its block is over."""

PATIENCE = 180.0
"""Seconds until a process that does not answer is given up."""


@dataclass(frozen=True)
class Result:
    """What one contender reached: env steps per second in every block that counts, or the reason why there are none."""

    contender: str
    setting: Setting | None
    rates: tuple[float, ...]
    problem: str | None = None

    @property
    def median(self) -> float:
        """Median env steps per second; 0 where nothing was measured."""
        return statistics.median(self.rates) if self.rates else 0.0


class Arena:
    """The contenders' processes, which live on from workload to workload."""

    def __init__(self) -> None:
        self._seats: dict[str, _Seat] = {}

    def __enter__(self) -> "Arena":
        return self

    def __exit__(self, *_: object) -> None:
        for seat in self._seats.values():
            seat.leave()

    def hold(
        self,
        workload: Workload,
        rivals: Sequence[Contender],
        *,
        repeats: int,
        steps: int | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> list[Result]:
        """Measure ``rivals`` on ``workload`` and return one result each, in their order.

        Args:
            repeats: blocks per contender that count, after one that does not. steps: env steps per slot and block;
                None: as many as take about 0.4 s. say: told what is going on.
        """
        seats = [self._seat(rival) for rival in rivals]
        with tempfile.TemporaryDirectory() as folder:
            tape = str(Path(folder) / "tape.npy")
            say("recording the actions, building")
            for seat in seats:
                seat.wake()
                seat.send("build", workload, seat.rival.maker, seat.rival.settings)
            self._record(workload, tape)
            for seat in seats:
                seat.receive()
            for seat in seats:
                seat.freeze()
            for seat in seats:
                say(f"trying settings: {seat.rival.name}")
                seat.setting = seat.ask("choose", tape, steps)
                seat.freeze()
        order = random.Random(0)
        for turn in range(repeats + 1):
            say(f"turn {turn + 1} of {repeats + 1}")
            for seat in order.sample(seats, len(seats)):  # nobody always follows the same one
                time.sleep(PAUSE)
                rate = seat.ask("block")
                seat.freeze()
                if turn and rate is not None:
                    seat.rates.append(rate)
        return [seat.result() for seat in seats]

    def _record(self, workload: Workload, tape: str) -> None:
        seat = self._seat(Contender("recorder", "", ()))
        seat.ask("record", workload, tape)
        if seat.problem:
            raise ConfigError(f"The actions of {workload.title} could not be recorded: {seat.problem}")

    def _seat(self, rival: Contender) -> "_Seat":
        """Return the contender's process; one that had a problem is replaced."""
        old = self._seats.get(rival.name)
        if old is not None and old.problem is None:
            old.take(rival)
            return old
        if old is not None:
            old.leave()
        self._seats[rival.name] = _Seat(rival)
        return self._seats[rival.name]


class _Seat:
    """The parent's side of one contender."""

    def __init__(self, rival: Contender) -> None:
        self.take(rival)
        context = multiprocessing.get_context("spawn")
        self._pipe, its = context.Pipe()
        # Not a daemon: Gymnasium's asynchronous environments and the raw loops are processes of its own.
        self._process = context.Process(target=serve, args=(its,))
        self._process.start()
        its.close()

    def take(self, rival: Contender) -> None:
        """Get ready for the next workload."""
        self.rival = rival
        self.setting: Setting | None = None
        self.rates: list[float] = []
        self.problem: str | None = None

    def wake(self) -> None:
        """Let the process and its children go on."""
        self._signal(signal.SIGCONT)

    def ask(self, *words: Any) -> Any:
        self.wake()
        self.send(*words)
        return self.receive()

    def freeze(self) -> None:
        """Stop the process and its children until they are asked: idle threads of some contenders keep a core busy."""
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.pid and self._process.is_alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def send(self, *words: Any) -> None:
        if self.problem is None:
            try:
                self._pipe.send(words)
            except OSError:
                self._gone()

    def receive(self) -> Any:
        """Return the answer, or None when something went wrong, which is then kept."""
        if self.problem is not None:
            return None
        try:
            if not self._pipe.poll(PATIENCE):
                self.problem = f"did not answer within {PATIENCE:.0f} s"
                return None
            problem, answer = self._pipe.recv()
        except (EOFError, OSError):
            return self._gone()
        if problem is not None:
            self.problem = problem
        return answer

    def result(self) -> Result:
        """Return what was measured; after a problem nothing counts."""
        rates = () if self.problem else tuple(self.rates)
        return Result(self.rival.name, self.setting, rates, self.problem)

    def leave(self) -> None:
        """End the process, kindly if it listens."""
        self.wake()
        self._pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(5)
        if self._process.is_alive():
            self._process.kill()

    def _gone(self) -> None:
        self._process.join(5)
        self.problem = f"its process ended with exit code {self._process.exitcode}"
