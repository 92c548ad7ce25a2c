"""Names the numbers of an observation, whatever its form: bytes, a vector, a record; whole frames have none."""

import math
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.spec import BASE_INFO, Spec

MOST_ENTRIES = 1024
"""Of a longer vector the first this many are named; a larger frame has no names at all."""


class Entries:
    """The numbers that a policy sees at a step; game variables first, then the observation's entries.

    ``names`` are theirs, in order. ``image``: the observation is a frame, (3, H, W), (K, H, W) or (H, W).
    """

    def __init__(self, spec: Spec) -> None:
        self._variables = (spec.info_dtype.names or ())[len(BASE_INFO) :]
        self._fields: list[str | None] = []
        self.names = list(self._variables)
        self.image = not spec.obs_dtype.names and _large(spec.obs_shape)
        if not spec.obs_dtype.names:
            self._add(None, "RAM" if spec.mode == "ram" else "obs", spec.obs_shape)
        for name in spec.obs_dtype.names or ():
            self._add(name, name, spec.obs_dtype[name].shape)

    def _add(self, field: str | None, word: str, shape: tuple[int, ...]) -> None:
        if not _large(shape):
            self._fields.append(field)
            places = range(min(MOST_ENTRIES, math.prod(shape)))
            self.names += [f"RAM {place}" if word == "RAM" else f"{word}[{place}]" for place in places]

    def read(self, batch: StepBatch) -> Array:
        """Return the batch's numbers, float64 (R, len(names))."""
        rows = len(batch.slots)
        columns: list[Any] = [np.asarray(batch.info[name], np.float64).reshape(rows, 1) for name in self._variables]
        for field in self._fields:
            obs = batch.obs if field is None else batch.obs[field]
            columns.append(obs.reshape(rows, -1)[:, :MOST_ENTRIES].astype(np.float64))
        return np.concatenate(columns, axis=1) if columns else np.empty((rows, 0))


def _large(shape: tuple[int, ...]) -> bool:
    return len(shape) >= 2 and math.prod(shape) > MOST_ENTRIES
