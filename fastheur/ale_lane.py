"""The memory that an ale worker and its harness share, one block per lane; imported by both sides.

A block is written by one side at a time: the harness fills the command and rings, the worker fills the answer and rings
back. Answers stand in the order of the command's rows, packed, so that a batch needs no gathering.
"""

import mmap

import numpy as np
import numpy.typing as npt

ROWS = 256
"""Most slots of a lane."""

SCREEN = (210, 160)
"""Height and width of an Atari frame in pixels."""

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
