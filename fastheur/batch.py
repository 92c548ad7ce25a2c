"""The transition batch that engine, host and scorer hand to one another."""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(slots=True)
class StepBatch:
    """One transition of every slot of a lane that is still playing; valid until the engine is resumed.

    Attributes:
        slots: int32 (R,), slot of each row. episodes: int64 (R,), place in the seed list of each row's episode.
        obs: (R, *obs_shape). info: (R,) records, see :data:`fastheur.spec.BASE_INFO`.
        reward: float32 (R,); lives: int32 (R,).
        first: bool (R,), the row is an episode's first observation and no env step; ``None`` where no row is.
        terminated, truncated: bool (R,), at most one of them.
        live: int64, the rows that want an action; ``None`` for all of them.
        actions: to be filled for the live rows, int64 (R,) or float64 (R, size); what it holds before is meaningless.
    """

    slots: Array
    episodes: Array
    obs: Array
    info: Array
    reward: Array
    lives: Array
    first: Array | None
    terminated: Array
    truncated: Array
    live: Array | None
    actions: Array

    @classmethod
    def of(
        cls, columns: Any, rows: int, going: int, firsts: int, obs: Array, reward: Array, actions: Array
    ) -> "StepBatch":
        """Return the batch of a pool's :class:`fastheur._core.Transitions` after a step of ``rows`` rows."""
        return cls(
            columns.slots[:rows], columns.episodes[:rows], obs, columns.info[:rows], reward, columns.lives[:rows],
            columns.first[:rows] if firsts else None, columns.terminated[:rows], columns.truncated[:rows],
            None if going == rows else columns.live[:going], actions,
        )  # fmt: skip
