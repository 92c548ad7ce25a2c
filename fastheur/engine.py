"""What every engine offers: explicit seeds in, one transition batch after another out.

Conventions. A *slot* is one environment at a time. An *episode* is addressed by its place in the seed list. A transition
that shows a reset is no env step: it is shown as ``first`` with reward 0. An env step is charged when its action is sent.
A *fresh* episode depends on its seed alone, never on what its slot played before.

An engine knows no policy, no score and no log. Which engine plays is no part of a result: where two can play a task they
give the same bits, and a test says so for all 57 Atari games.
"""

import contextlib
import os
import platform
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from fastheur.batch import Array, StepBatch
from fastheur.errors import ConfigError
from fastheur.meter import StepMeter
from fastheur.spec import Spec
from fastheur.tasks import Protocol, Task


class Engine(ABC):
    """A task under a protocol, ready to be stepped.

    Attributes:
        task, protocol: what is stepped and how. spec: what a policy sees of it.
        threads: EnvPool's worker threads per pool, or ale's worker processes.
        env_steps: env steps taken so far, unfinished episodes included.
        can_picture: whether :meth:`picture` has pictures to give; they are asked for when the engine is made.
        build_s: seconds spent so far on building environments and on starting episodes, as far as they hold up the stepping.
    """

    name: ClassVar[str]
    can_snapshot: ClassVar[bool]
    """True where an environment's state can be kept and restored exactly: every start is fresh at once, and a search
    could come back to a state."""

    meter: ClassVar[StepMeter | None] = None
    """Where this process charges its env steps, whichever engine takes them; None: nobody pays for them."""

    def __init__(self, task: Task, protocol: Protocol, spec: Spec, threads: int) -> None:
        self.task = task
        self.protocol = protocol
        self.spec = spec
        self.threads = threads
        self.can_picture = False
        self.env_steps = 0
        self.build_s = 0.0

    def charge(self, steps: int) -> None:
        """Count ``steps`` that are about to be taken: first, so that whatever comes in between leaves none uncounted.

        Raises:
            StepsSpent: the process's meter does not cover them; they must not be taken.
        """
        if Engine.meter is not None:
            Engine.meter.charge(steps)
        self.env_steps += steps

    @property
    @abstractmethod
    def frames_per_s(self) -> float:
        """Env steps in one second of the task's own true time; see :mod:`fastheur.true_time`."""

    def picture(self) -> Array:
        """Return what the environment of slot 0 shows now: uint8 (H, W, 3) RGB, a copy that stays.

        To be called while :meth:`episodes` waits for actions, with one slot. In native and screen mode it has the
        observation's own pixel grid, so that what a policy finds at (x, y) is at (x, y) of the picture.

        Raises:
            ConfigError: the engine was made without pictures, no transition is shown, or several slots play.
        """
        raise ConfigError("This engine was made without pictures; use make_engine(..., pictures=True).")

    def prepare(self, slots: int, lanes: int) -> None:
        """Begin in the background what :meth:`episodes` will need; it waits for the rest. Not every engine can."""
        del slots, lanes

    @abstractmethod
    def default_lanes(self, slots: int) -> int:
        """Return a good number of lanes for this many slots where none was measured."""

    @abstractmethod
    def episodes(self, seeds: Sequence[int], slots: int, *, lanes: int = 1, warm: bool = False) -> Iterator[StepBatch]:
        """Play one episode per seed and yield every transition; the caller fills ``actions`` before resuming.

        A row that the caller takes out of ``live`` is over: its slot goes on with another episode.

        Args:
            seeds: environment seeds, int32 each.
            slots: environments at a time.
            lanes: groups that the slots (ale: of a worker) are split into; while the caller thinks about one lane's batch
                the others step.
            warm: a slot may play on after its first episode instead of being built again, which is faster and, in some
                games, not reproducible; then only the seeds of the first ``slots`` episodes are used.

        Yields:
            Batches whose arrays are valid until the generator is resumed.
        """


def default_threads(suite: str) -> int:
    """Return one thread per core that this process may use; VizDoom waits on child processes and wants four."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 4 * cores if suite == "vizdoom" else cores


def processor() -> str:
    """Return the processor's name as the system gives it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
