"""The memory that an ale worker and its harness share, one block per lane; imported by both sides.

A block is written by one side at a time: the harness fills the command and rings, the worker fills the answer and rings
back. Answers stand in the order of the command's rows, packed, so that a batch needs no gathering.
"""

import mmap
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

ROWS = 256
"""Most slots of a lane."""

SCREEN = (210, 160)
"""Height and width of an Atari frame in pixels."""

MOST_RESTING = 64
"""Waits, at most, that go without a lookout after one was in vain."""

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

    After it was in vain it rests, for one wait, then two, four, ...: where other work takes the processors, looking out only
    keeps what is looked out for from being done.

    Args:
        seconds: how long it looks out.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._resting, self._rest = 0, 1

    def look(self, there: Callable[[], bool]) -> bool:
        """True if it has come, as ``there`` tells without waiting."""
        if self._resting:
            self._resting -= 1
            return there()
        late = time.perf_counter() + self._seconds
        while not there():
            if time.perf_counter() >= late:
                self._resting, self._rest = self._rest, min(2 * self._rest, MOST_RESTING)
                return False
        self._rest = 1
        return True
