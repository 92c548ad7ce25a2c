"""A contender's own process: builds its players, keeps the fastest, plays blocks when it is told to, and else sleeps."""

import contextlib
import math
import os
import signal
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from multiprocessing.connection import Connection

from fastheur.errors import FastheurError
from fastheur.throughput.setting import Player, Setting
from fastheur.throughput.tape import Tape
from fastheur.throughput.workloads import Workload

BLOCK_SECONDS = 0.4
"""How long a block takes about, when its steps are not given."""

TRY_SECONDS = 0.12
"""How long a setting is tried for."""

WARM_STEPS = 16
"""Steps after every rewind that are not timed."""

MISSING = "not installed: pip install 'fastheur[bench]'"


def serve(pipe: Connection) -> None:
    """Answer the parent until it hangs up; runs in the contender's process."""
    os.setpgid(0, 0)  # the parent stops and continues this process with all its children
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which hangs up in good order
    warnings.filterwarnings("ignore", message=".*Box (low|high)'s precision lowered")
    corner = Corner()
    with contextlib.suppress(EOFError, OSError):
        while True:
            verb, *rest = pipe.recv()
            problem, answer = None, None
            try:
                answer = getattr(corner, verb)(*rest)
            except Exception as error:
                problem = _problem(error)
            pipe.send((problem, answer))
    corner.close()


def _problem(error: Exception) -> str:
    """Return an error in one line."""
    absent = isinstance(error, ImportError) or type(error).__name__ == "DependencyNotInstalled"
    text = " ".join(str(error).split()) or type(error).__name__
    if absent:
        return f"{MISSING} ({text})"
    return text if isinstance(error, FastheurError) else f"{type(error).__name__}: {text}"


class Corner:
    """The contender's side: builds players, keeps the fastest, plays blocks."""

    def __init__(self) -> None:
        self._built: list[tuple[Setting, Player]] = []
        self._meter: Meter | None = None
        self._steps = 0

    def record(self, workload: Workload, path: str) -> None:
        """Write the actions of fastheur's own policy to ``path``."""
        import_module("fastheur.throughput.ours").record(workload, path)

    def build(self, workload: Workload, maker: str, settings: Sequence[Setting]) -> None:
        """Free what the last workload left, and build a player for each setting."""
        self.close()
        module, _, name = maker.partition(":")
        make = getattr(import_module(module), name)
        for setting in settings:
            self._built.append((setting, make(workload, setting)))

    def choose(self, path: str, steps: int | None) -> Setting:
        """Try every setting, keep the fastest and the number of steps that fill a block."""
        tape = Tape.load(path)
        for _, player in self._built:
            player.load(tape)
        meters = [Meter(player) for _, player in self._built]
        rates = [meter.rate(TRY_SECONDS) for meter in meters]
        if len(meters) > 1:
            # A second round, because noise only ever slows. All start over: players may share a pool.
            rates = [
                max(rate, Meter(meter.player).rate(TRY_SECONDS)) for rate, meter in zip(rates, meters, strict=True)
            ]
        best = rates.index(max(rates))
        kept, player = self._built.pop(best)
        for _, other in self._built:
            other.close()
        self._built = []
        self._meter = meters[0] if len(meters) == 1 else Meter(player)
        self._steps = steps or math.ceil(rates[best] * BLOCK_SECONDS / player.slots)
        return kept

    def block(self) -> float:
        """Play a block and return env steps per second."""
        assert self._meter is not None
        return self._steps * self._meter.player.slots / self._meter.seconds(self._steps)

    def close(self) -> None:
        """Free everything."""
        for _, player in self._built:
            player.close()
        if self._meter is not None:
            self._meter.player.close()
        self._built, self._meter = [], None


class Meter:
    """Plays on through a recording, and starts it over outside the clock before an episode ends."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self._at: int | None = None

    def seconds(self, steps: int) -> float:
        """Play ``steps`` steps per slot and return the seconds they took."""
        return sum(self._parts(steps))

    def _parts(self, steps: int) -> Iterator[float]:
        horizon = self.player.horizon
        while steps:
            # What is left before the end is thrown away rather than timed as a short part.
            if self._at is None or (horizon is not None and horizon - self._at < min(steps, WARM_STEPS)):
                self.player.rewind()
                self.player.play(0, WARM_STEPS)
                self._at = WARM_STEPS
            part = steps if horizon is None else min(steps, horizon - self._at)
            yield self.player.play(self._at, part)
            self._at += part
            steps -= part

    def rate(self, seconds: float) -> float:
        """Return env steps per second, measured over about ``seconds`` and longer where steps are slow."""
        self.seconds(2)
        steps, took = 4, self.seconds(4)
        while took < seconds:
            steps = math.ceil(steps * min(10.0, 1.2 * seconds / max(took, 1e-6)))
            took = self.seconds(steps)
        return steps * self.player.slots / took
