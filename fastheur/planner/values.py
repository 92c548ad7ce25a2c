"""What futures are worth: a value function of one future, compiled and run over all of them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numba
import numpy as np

from fastheur.author_code import compiled
from fastheur.batch import Array
from fastheur.planner.model import Futures


@lru_cache(maxsize=64)  # every evaluation makes its policies anew
def scorer(value: Any) -> Callable[[Futures, Array], Array]:
    """Return a function from futures and parameter rows to values (n, K).

    Args:
        value: ``value(start, states, sensors, actions, params) -> float`` of one future, plain or compiled: start (size,),
            states (H, size), sensors (H, S), actions (H, motors), and the slot's record of parameters.
    """
    worth = compiled(value)

    @numba.njit
    def loop(starts: Any, states: Any, sensors: Any, actions: Any, params: Any) -> Any:
        n, count = states.shape[0], states.shape[1]
        out = np.empty((n, count))
        for row in range(n):
            for future in range(count):
                out[row, future] = worth(
                    starts[row], states[row, future], sensors[row, future], actions[row, future], params[row]
                )
        return out

    def score(futures: Futures, params: Array) -> Array:
        return loop(futures.starts, futures.states, futures.sensors, futures.actions, params)

    return score
