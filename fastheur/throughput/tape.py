"""Recorded actions on their way from the recorder to every contender's process."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Tape:
    """Actions of a recorded run: int64 (steps, columns), or float64 (steps, columns, size)."""

    actions: Array

    @classmethod
    def load(cls, path: str) -> "Tape":
        """Read what :meth:`save` wrote."""
        return cls(np.load(path))

    def save(self, path: str) -> None:
        """Write to ``path``, a name that ends in ``.npy``."""
        with Path(path).open("wb") as file:
            np.save(file, self.actions)

    def for_slots(self, slots: int, dtype: Any, start: int = 0) -> Array:
        """Return contiguous actions (steps, slots, ...) of ``dtype``; slot ``s`` has column ``start + s`` modulo all."""
        columns = (start + np.arange(slots)) % self.actions.shape[1]
        return np.ascontiguousarray(self.actions[:, columns], dtype)
