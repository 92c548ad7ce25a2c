"""Counts env steps in mapped memory before they are taken, and refuses those that nothing was reserved for.

The count lies in a file that both the supervisor and the stepping process have mapped: whatever kills either of them, the
file says what was taken. Only a power cut loses it.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fastheur.errors import FastheurError, LedgerError

_FIELDS = np.dtype([("reservation", np.int64), ("taken", np.int64), ("limit", np.int64)])


class StepsSpent(FastheurError):
    """The next env steps would go beyond what was reserved; they were not taken."""


class Reading(NamedTuple):
    """What a step meter's file says."""

    reservation: int
    taken: int
    limit: int


def read_meter(path: Path) -> Reading | None:
    """Return what a meter's file says, without changing it; None where there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    return Reading(*np.frombuffer(data, _FIELDS, 1)[0].tolist()) if len(data) >= _FIELDS.itemsize else None


class StepMeter:
    """The env steps of one reservation, in a file of 24 bytes, which is made where there is none.

    Its room on the disk is taken when it is opened: a mapped byte without a block behind it kills who writes it, once the
    disk is full.

    Attributes:
        taken: env steps charged since :meth:`begin`. reservation: number given to :meth:`begin`.

    Raises:
        LedgerError: the file cannot be made or opened.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.posix_fallocate(file, 0, _FIELDS.itemsize)  # keeps what is there, and fills up what is missing
            finally:
                os.close(file)
            self._record = np.memmap(path, _FIELDS, "r+", shape=(1,))
        except OSError as error:
            raise LedgerError(
                f"Cannot make the step meter {path}: {error.strerror or error}. No step was taken."
            ) from error
        self._reservation, self._taken, self._limit = (self._record[name] for name in _FIELDS.names or ())

    @property
    def taken(self) -> int:
        """Env steps charged to the reservation."""
        return int(self._taken[0])

    @property
    def reservation(self) -> int:
        """Number of the reservation that is counted."""
        return int(self._reservation[0])

    def begin(self, reservation: int, limit: int) -> None:
        """Count from zero for ``reservation``, up to ``limit`` env steps."""
        self._limit[0] = 0  # in this order: whenever it is cut off, no step is charged to the wrong reservation
        self._reservation[0] = 0
        self._taken[0] = 0
        self._reservation[0] = reservation
        self._limit[0] = limit

    def charge(self, steps: int) -> None:
        """Charge ``steps`` that are about to be taken.

        Raises:
            StepsSpent: the reservation does not cover them; nothing was charged.
        """
        total = int(self._taken[0]) + steps
        if total > self._limit[0]:
            raise StepsSpent(f"The {int(self._limit[0]):,} env steps that were reserved are used up.")
        self._taken[0] = total
