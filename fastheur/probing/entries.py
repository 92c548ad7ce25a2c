"""Names the numbers of an observation, whatever its form: bytes, a vector, a record; whole frames have none."""

import math
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.spec import BASE_INFO, Spec

MOST_ENTRIES = 1024
"""An observation, or a field of one, with more numbers than this is looked at as a whole only."""


class Entries:
    """The numbers that a policy sees at a step; game variables first, then the observation's entries.

    ``names`` are theirs, in order. ``image``: the observation is a frame, (3, H, W), (K, H, W) or (H, W).
    """

    def __init__(self, spec: Spec) -> None:
        self._variables = (spec.info_dtype.names or ())[len(BASE_INFO) :]
        self._fields: list[str | None] = []
        self.names = list(self._variables)
        self.image = not spec.obs_dtype.names and len(spec.obs_shape) >= 2 and math.prod(spec.obs_shape) > MOST_ENTRIES
        if spec.obs_dtype.names:
            for name in spec.obs_dtype.names:
                self._add(name, name, math.prod(spec.obs_dtype[name].shape))
        elif not self.image:
            self._add(None, "RAM" if spec.mode == "ram" else "obs", math.prod(spec.obs_shape))

    def _add(self, field: str | None, word: str, width: int) -> None:
        if width <= MOST_ENTRIES:
            self._fields.append(field)
            self.names += [f"RAM {place}" if word == "RAM" else f"{word}[{place}]" for place in range(width)]

    def read(self, batch: StepBatch) -> Array:
        """Return the batch's numbers, float64 (R, len(names))."""
        rows = len(batch.slots)
        columns: list[Any] = [np.asarray(batch.info[name], np.float64).reshape(rows, 1) for name in self._variables]
        for field in self._fields:
            obs = batch.obs if field is None else batch.obs[field]
            columns.append(obs.reshape(rows, -1).astype(np.float64))
        return np.concatenate(columns, axis=1) if columns else np.empty((rows, 0))
