"""Counts env steps in mapped memory before they are taken, and refuses those that nothing was reserved for.

The count lies in a file that both the supervisor and the stepping process have mapped: whatever kills either of them, the
file says what was taken. Only a power cut loses it.

Model steps are counted beside them once they were taken, batch by batch, since only the policy knows how many it will
take: no batch is begun once their limit is reached, so that at most one goes beyond it, and all that it took is charged.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fastheur.errors import FastheurError, LedgerError

_FIELDS = np.dtype(
    [
        ("reservation", np.int64), ("taken", np.int64), ("limit", np.int64), ("model_taken", np.int64),
        ("model_limit", np.int64),
    ]
)  # fmt: skip
_LEAST = 24
"""Bytes of a file that was written before model steps were counted."""
_UNLIMITED = np.iinfo(np.int64).max


class StepsSpent(FastheurError):
    """The next env steps would go beyond what was reserved; they were not taken."""


class ModelStepsSpent(StepsSpent):
    """No model steps are left for the next batch; it was not begun."""


class Reading(NamedTuple):
    """What a step meter's file says."""

    reservation: int
    taken: int
    limit: int
    model_taken: int
    model_limit: int


def read_meter(path: Path) -> Reading | None:
    """Return what a meter's file says, without changing it; None where there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(data) < _LEAST:
        return None
    return Reading(*np.frombuffer(data.ljust(_FIELDS.itemsize, b"\0"), _FIELDS, 1)[0].tolist())


class StepMeter:
    """The env and model steps of one reservation, in a file of 40 bytes, which is made where there is none.

    Its room on the disk is taken when it is opened: a mapped byte without a block behind it kills who writes it, once the
    disk is full.

    Attributes:
        taken, model_taken: env and model steps charged since :meth:`begin`. reservation: number given to :meth:`begin`.

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
        self._reservation, self._taken, self._limit, self._model_taken, self._model_limit = (
            self._record[name] for name in _FIELDS.names or ()
        )

    @property
    def taken(self) -> int:
        """Env steps charged to the reservation."""
        return int(self._taken[0])

    @property
    def model_taken(self) -> int:
        """Model steps charged to the reservation."""
        return int(self._model_taken[0])

    @property
    def reservation(self) -> int:
        """Number of the reservation that is counted."""
        return int(self._reservation[0])

    def begin(self, reservation: int, limit: int, model_limit: int | None = None) -> None:
        """Count from zero for ``reservation``, up to ``limit`` env steps and ``model_limit`` model steps; None for any number."""
        self._limit[0] = 0  # in this order: whenever it is cut off, no step is charged to the wrong reservation
        self._reservation[0] = 0
        self._taken[0] = self._model_taken[0] = 0
        self._model_limit[0] = _UNLIMITED if model_limit is None else model_limit
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

    def check_model_steps(self) -> None:
        """Refuse a batch that would be planned.

        Raises:
            ModelStepsSpent: the limit is reached.
        """
        if self._model_taken[0] >= self._model_limit[0]:
            raise ModelStepsSpent(f"The {int(self._model_limit[0]):,} model steps that were left are used up.")

    def charge_model_steps(self, steps: int) -> None:
        """Charge model ``steps`` that were taken."""
        self._model_taken[0] += steps
