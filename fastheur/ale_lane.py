"""The memory that an ale worker and its harness share, one block per lane; imported by both sides.

A block is written by one side at a time: the harness fills the command and rings, the worker fills the answer and rings
back. Answers stand in the order of the command's rows, packed, so that a batch needs no gathering.
"""

import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROWS = 256
"""Most slots of a lane."""

SCREEN = (210, 160)
"""Height and width of an Atari frame in pixels."""

MOST_RESTING = 64
"""Waits, at most, that go without a lookout after one was in vain."""

COUNTED_EVERY, CROWDED_RESTING = 64, 1024
"""After how many lookouts is counted who else wants to run; the waits without one, at most, where that is too many."""

OBS_SHAPES = {"ram": (128,), "native": (3, *SCREEN)}
"""What a policy sees per mode, uint8."""


def block_dtype(mode: str) -> np.dtype:
    """Return the layout of one lane for an observation mode; memory that is never touched is never taken."""
    return np.dtype(
        [
            ("rows", "i8"),
            ("spin", "?"),
            ("place", "i4", ROWS),
            ("start", "?", ROWS),
            ("seed", "i8", ROWS),
            ("action", "i4", ROWS),
            ("obs", "u1", (ROWS, *OBS_SHAPES[mode])),
            ("reward", "f4", ROWS),
            ("done", "?", ROWS),
            ("cut", "?", ROWS),
            ("elapsed", "i4", ROWS),
            ("lives", "i4", ROWS),
            ("build_s", "f8"),
        ],
        align=True,
    )


def blocks(memory: int, mode: str, lanes: int) -> npt.NDArray[np.void]:
    """Map the shared memory behind the file descriptor ``memory`` as one record per lane."""
    dtype = block_dtype(mode)
    return np.frombuffer(mmap.mmap(memory, dtype.itemsize * lanes), dtype)


class Lookout:
    """Looks out for something for a moment, so that whoever waits for it need not be woken.

    Alone on the machine that saves a fifth of the time. Where more wants to run than there are processors, looking out only
    keeps what is looked out for from being done (two evaluations at once take 1.6 times as long on two cores: `bench/crowd.py`):
    then it rests, ever longer while that lasts. It also rests after it was in vain, for one wait, then two, four, ...

    Args:
        seconds: how long it looks out.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._resting, self._rest = 0, 1
        self._looks, self._crowded_rest = 0, COUNTED_EVERY

    def look(self, there: Callable[[], bool]) -> bool:
        """True if it has come, as ``there`` tells without waiting."""
        if self._resting:
            self._resting -= 1
            return there()
        if self._looks % COUNTED_EVERY == 0:
            if _crowded():
                self._resting, self._crowded_rest = self._crowded_rest, min(2 * self._crowded_rest, CROWDED_RESTING)
                return there()
            self._crowded_rest = COUNTED_EVERY
        self._looks += 1
        late = time.perf_counter() + self._seconds
        while not there():
            if time.perf_counter() >= late:
                self._resting, self._rest = self._rest, min(2 * self._rest, MOST_RESTING)
                return False
        self._rest = 1
        return True


def _crowded() -> bool:
    """True while more threads want to run than there are processors, as the system counts them at this moment."""
    try:
        running = Path("/proc/loadavg").read_bytes().split()[3].partition(b"/")[0]
        return int(running) > (os.cpu_count() or 1)
    except (OSError, IndexError, ValueError):
        return False
