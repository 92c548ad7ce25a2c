"""Counts env steps in mapped memory before they are taken, and refuses those that nothing was reserved for.

The count lies in a file that both the supervisor and the stepping process have mapped: whatever kills either of them, the
file says what was taken. Only a power cut loses it.
"""

from pathlib import Path

import numpy as np

from fastheur.errors import FastheurError

_FIELDS = np.dtype([("reservation", np.int64), ("taken", np.int64), ("limit", np.int64)])


class StepsSpent(FastheurError):
    """The next env steps would go beyond what was reserved; they were not taken."""


class StepMeter:
    """The env steps of one reservation, in a file of 24 bytes, which is made where there is none.

    Attributes:
        taken: env steps charged since :meth:`begin`. reservation: number given to :meth:`begin`.
    """

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        if not path.exists() or path.stat().st_size < _FIELDS.itemsize:
            path.write_bytes(bytes(_FIELDS.itemsize))
        self._record = np.memmap(path, _FIELDS, "r+", shape=(1,))
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
